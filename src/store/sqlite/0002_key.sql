-- What is recorded again after a crash or a broken connection has the same key, and is there once.
ALTER TABLE entry ADD COLUMN key TEXT;
CREATE UNIQUE INDEX entry_key ON entry (incident, key) WHERE key IS NOT NULL AND key <> '';
