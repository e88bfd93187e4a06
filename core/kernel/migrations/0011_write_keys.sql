-- what outside senders prove themselves by; only the hash of a key is kept
CREATE TABLE write_keys (
    key_id VARCHAR NOT NULL UNIQUE, source VARCHAR NOT NULL, key_hash VARCHAR NOT NULL UNIQUE,
    issued_at TIMESTAMP NOT NULL, issued_by VARCHAR NOT NULL, revoked_at TIMESTAMP
);
