-- feature sets built over history and kept, one row a set. The rows stand in the table `table_name`: lead_id, as_of,
-- known_at, then one column a feature as resolved (`columns`: JSON, name to type). They hold for what the store knew at
-- `revision` (of the signals); `version` counts the builds
CREATE TABLE kept_sets (
    set_hash VARCHAR NOT NULL, table_name VARCHAR NOT NULL, columns VARCHAR NOT NULL, version BIGINT NOT NULL,
    revision VARCHAR NOT NULL, built_at TIMESTAMP NOT NULL, actor VARCHAR NOT NULL
);

-- what each lead had at that revision, as a sum of hashes of its rows: a lead whose mark differs has changed since
CREATE TABLE kept_marks (set_hash VARCHAR NOT NULL, lead_no INTEGER NOT NULL, mark HUGEINT NOT NULL);
