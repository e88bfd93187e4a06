-- what a challenger makes of the lead of a decision, from what was known then; nobody is routed by it
CREATE TABLE shadow_scores (
    decision_id VARCHAR NOT NULL, model_hash VARCHAR NOT NULL, score DOUBLE NOT NULL, band VARCHAR,
    scored_at TIMESTAMP NOT NULL, UNIQUE (decision_id, model_hash)
);
