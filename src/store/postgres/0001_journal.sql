CREATE TABLE bridgewatch.entry (
    incident TEXT   NOT NULL,
    sequence BIGINT NOT NULL,
    body     TEXT   NOT NULL,
    hash     TEXT   NOT NULL,
    -- What is recorded again after a broken connection has the same key, and is there once.
    key      TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (incident, sequence)
);
CREATE UNIQUE INDEX entry_key ON bridgewatch.entry (incident, key) WHERE key <> '';

-- An append-only journal: the database itself refuses to rewrite it.
CREATE FUNCTION bridgewatch.entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'entries are never changed or deleted; append a correction'; END $$;
CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE ON bridgewatch.entry
    FOR EACH ROW EXECUTE FUNCTION bridgewatch.entry_is_append_only();
CREATE TRIGGER entry_is_never_emptied BEFORE TRUNCATE ON bridgewatch.entry
    FOR EACH STATEMENT EXECUTE FUNCTION bridgewatch.entry_is_append_only();
