CREATE TABLE ledger (
    seq BIGINT NOT NULL UNIQUE, stream VARCHAR NOT NULL, kind VARCHAR NOT NULL, "at" VARCHAR NOT NULL,
    actor VARCHAR NOT NULL, body VARCHAR NOT NULL, prev VARCHAR NOT NULL, hash VARCHAR NOT NULL
);

-- each lead's own data key, wrapped by the key file outside the database
CREATE TABLE lead_keys (lead_id VARCHAR NOT NULL, wrapped BLOB NOT NULL);
