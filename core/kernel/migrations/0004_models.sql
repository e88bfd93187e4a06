-- one row a model; its files are in models/<first 16 digits of the hash>; metrics and lineage are JSON
CREATE TABLE models (
    version INTEGER NOT NULL, model_hash VARCHAR NOT NULL, feature_set_hash VARCHAR, name VARCHAR,
    trees INTEGER NOT NULL, features INTEGER NOT NULL, metrics VARCHAR NOT NULL, lineage VARCHAR NOT NULL,
    registered_at TIMESTAMP NOT NULL, actor VARCHAR NOT NULL
);
