CREATE TABLE IF NOT EXISTS entry (
    incident TEXT   NOT NULL,
    sequence BIGINT NOT NULL,
    body     TEXT   NOT NULL,
    hash     TEXT   NOT NULL,
    PRIMARY KEY (incident, sequence)
);

-- An append-only journal: the database itself refuses to rewrite it.
CREATE OR REPLACE FUNCTION entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'entries are never changed or deleted; append a correction'; END $$;
DROP TRIGGER IF EXISTS entry_is_append_only ON entry;
CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE ON entry
    FOR EACH ROW EXECUTE FUNCTION entry_is_append_only();
