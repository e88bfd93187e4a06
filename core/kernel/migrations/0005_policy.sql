-- content-addressed and insert-only; document is canonical JSON without metadata.version
CREATE TABLE policy_versions (
    content_hash VARCHAR NOT NULL, name VARCHAR NOT NULL, behaviour_hash VARCHAR NOT NULL,
    risk_class VARCHAR NOT NULL, document VARCHAR NOT NULL, source VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL
);

-- the number given at the first publishing, unique within a name
CREATE TABLE policy_numbers (
    content_hash VARCHAR NOT NULL UNIQUE, name VARCHAR NOT NULL, version INTEGER NOT NULL, UNIQUE (name, version)
);

-- every release state that a version has had; the one with the highest seq holds.
-- parent is the version that was active when this one was drafted; drafting it again takes a new parent
CREATE TABLE policy_states (
    seq BIGINT NOT NULL UNIQUE, content_hash VARCHAR NOT NULL, state VARCHAR NOT NULL, parent VARCHAR,
    entered_at TIMESTAMP NOT NULL
);

-- who did what to a version: drafted, edited, submitted, approved, refused, published ...
CREATE TABLE policy_actions (
    seq BIGINT NOT NULL UNIQUE, content_hash VARCHAR NOT NULL, kind VARCHAR NOT NULL, actor VARCHAR NOT NULL,
    acted_at TIMESTAMP NOT NULL, note VARCHAR
);

-- the version of each name that decides now
CREATE TABLE policy_active (name VARCHAR NOT NULL UNIQUE, content_hash VARCHAR NOT NULL);
