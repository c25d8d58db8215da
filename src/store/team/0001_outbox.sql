-- What is known of the team's journals, so that they can be read while the database cannot be reached.
CREATE TABLE mirror (
    incident TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    hash     TEXT    NOT NULL,
    PRIMARY KEY (incident, sequence)
) WITHOUT ROWID;

-- What was recorded meanwhile. `place` is its number in the journal once it is there; rows are kept, since others may
-- still speak of an entry by the number that it had while it waited.
CREATE TABLE pending (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    incident TEXT    NOT NULL,
    draft    TEXT    NOT NULL,
    key      TEXT    NOT NULL UNIQUE,
    place    INTEGER
);
