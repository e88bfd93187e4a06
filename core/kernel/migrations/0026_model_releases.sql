-- which model scores, since when: the newest row is the champion; kind: release | rollback
CREATE TABLE model_releases (
    seq BIGINT NOT NULL UNIQUE, model_hash VARCHAR NOT NULL, version VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    actor VARCHAR NOT NULL, reason VARCHAR, released_at TIMESTAMP NOT NULL
);

-- what a challenger said of the same lead at the same moment as a decision, without deciding anything
CREATE TABLE shadow_scores (
    decision_id VARCHAR NOT NULL, model_hash VARCHAR NOT NULL, probability DOUBLE NOT NULL, scored_at TIMESTAMP NOT NULL
);
