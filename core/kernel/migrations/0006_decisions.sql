-- one row a decision: `record` is its canonical JSON, the other columns are taken from it for queries;
-- entry_seq and leaf_no say which leaf of which ledger entry's Merkle tree it is
CREATE TABLE decisions (
    decision_id VARCHAR NOT NULL, lead_id VARCHAR NOT NULL, lead_no INTEGER, as_of TIMESTAMP, known_at TIMESTAMP,
    decided_at TIMESTAMP NOT NULL, arm VARCHAR NOT NULL, score DOUBLE NOT NULL, percentile DOUBLE,
    fit DOUBLE NOT NULL, engagement DOUBLE NOT NULL, fit_grade VARCHAR, engagement_grade TINYINT,
    disposition VARCHAR NOT NULL, band VARCHAR, band_since TIMESTAMP, priority INTEGER, prev_state VARCHAR,
    next_state VARCHAR, state_since TIMESTAMP, pool VARCHAR, sla_min INTEGER, action VARCHAR, reasons VARCHAR NOT NULL,
    points VARCHAR NOT NULL, model_hash VARCHAR NOT NULL, policy_hash VARCHAR NOT NULL,
    feature_set_hash VARCHAR NOT NULL, record VARCHAR NOT NULL, hash VARCHAR NOT NULL, entry_seq BIGINT NOT NULL,
    leaf_no INTEGER NOT NULL, stage_us VARCHAR NOT NULL, trace_id VARCHAR
);

-- the newest decision of each lead, by as_of, then by the order of writing
CREATE VIEW decisions_latest AS
SELECT d.* FROM decisions d SEMI JOIN (
    SELECT entry_seq, leaf_no FROM decisions
    QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY as_of DESC NULLS LAST, entry_seq DESC, leaf_no DESC) = 1
) newest USING (entry_seq, leaf_no);

-- where each lead stands in each arm, and since when
CREATE VIEW lead_states AS
SELECT lead_id, arm, band, band_since, next_state AS state, state_since, decision_id, as_of FROM decisions
QUALIFY row_number() OVER (PARTITION BY lead_id, arm ORDER BY as_of DESC NULLS LAST, entry_seq DESC, leaf_no DESC) = 1;

-- one row a business feature of each decision, in the model's order, with the value that the model saw
CREATE VIEW contributions AS
WITH part AS (
    SELECT decision_id, lead_id, as_of, unnest(from_json(points, '["JSON"]')) AS pair,
        generate_subscripts(from_json(points, '["JSON"]'), 1) AS position,
        from_json(json_extract(record, '$.features'), '["JSON"]') AS vector
    FROM decisions
)
SELECT decision_id, lead_id, as_of, position, pair->>'$[0]' AS feature, CAST(pair->>'$[1]' AS DOUBLE) AS points,
    list_filter(vector, lambda item: item->>'$[0]' = (pair->>'$[0]'))[1]->>'$[1]' AS value
FROM part;
