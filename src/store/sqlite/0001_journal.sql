CREATE TABLE IF NOT EXISTS entry (
    incident TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    hash     TEXT    NOT NULL,
    PRIMARY KEY (incident, sequence)
) WITHOUT ROWID;

-- An append-only journal: the database itself refuses to rewrite it.
CREATE TRIGGER IF NOT EXISTS entry_is_never_changed BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never changed; append a correction'); END;
CREATE TRIGGER IF NOT EXISTS entry_is_never_deleted BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are never deleted; append an undo'); END;
