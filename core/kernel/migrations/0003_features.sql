-- the document that registered a behaviour hash; a later document of the same behaviour is the same set
CREATE TABLE feature_sets (
    set_hash VARCHAR NOT NULL, content_hash VARCHAR NOT NULL, name VARCHAR NOT NULL, document VARCHAR NOT NULL,
    registered_at TIMESTAMP NOT NULL, actor VARCHAR NOT NULL
);

-- one row a feature of a registered set, in the set's order; durations of the document stay in `definition` (JSON)
CREATE TABLE feature_definitions (
    set_hash VARCHAR NOT NULL, place INTEGER NOT NULL, name VARCHAR NOT NULL, feature_hash VARCHAR NOT NULL,
    label VARCHAR NOT NULL, role VARCHAR NOT NULL, dtype VARCHAR NOT NULL, definition VARCHAR NOT NULL,
    reads VARCHAR NOT NULL
);
