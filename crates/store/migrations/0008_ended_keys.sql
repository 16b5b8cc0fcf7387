-- Digests of keys that had ended when they were removed, so that none of them is ever let in again,
-- whoever brings it: an old export knows nothing of what was revoked since.

CREATE TABLE ended_keys (
    secret_hash BLOB PRIMARY KEY,
    ended_at BIGINT NOT NULL
);
