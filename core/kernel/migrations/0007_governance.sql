-- local users; names are unique after NFKC and case folding (name_key)
CREATE TABLE users (
    name VARCHAR NOT NULL, name_key VARCHAR NOT NULL UNIQUE, role VARCHAR NOT NULL, disabled BOOLEAN NOT NULL,
    added_at TIMESTAMP NOT NULL, added_by VARCHAR NOT NULL
);

-- the contents that a draft has had, in order: whoever made one of them is an author of all later ones
CREATE TABLE draft_steps (
    seq BIGINT NOT NULL UNIQUE, draft_id VARCHAR NOT NULL, content_hash VARCHAR NOT NULL, actor VARCHAR NOT NULL,
    edited_at TIMESTAMP NOT NULL
);

-- models that a second person approved
CREATE TABLE model_approvals (
    model_hash VARCHAR NOT NULL, version VARCHAR NOT NULL, actor VARCHAR NOT NULL, approved_at TIMESTAMP NOT NULL,
    note VARCHAR
);
