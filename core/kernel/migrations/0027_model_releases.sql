-- which model scores, since when: the newest row is the champion; kind: release | rollback
CREATE TABLE model_releases (
    seq BIGINT NOT NULL UNIQUE, model_hash VARCHAR NOT NULL, version VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    actor VARCHAR NOT NULL, reason VARCHAR, released_at TIMESTAMP NOT NULL
);
