-- who gets the lead, and the step of the rollout in which it was decided
ALTER TABLE decisions ADD COLUMN assignee VARCHAR;
ALTER TABLE decisions ADD COLUMN step INTEGER;

-- the arms that people work by are one course of a lead; trials and shadows have their own
CREATE MACRO acted_by(arm) AS CASE WHEN arm IN ('live', 'canary', 'holdout') THEN 'live' ELSE arm END;

-- the newest decision of each lead, by as_of, then by the order of writing; a shadow is acted on by nobody
CREATE OR REPLACE VIEW decisions_latest AS
SELECT d.* FROM decisions d SEMI JOIN (
    SELECT entry_seq, leaf_no FROM decisions
    WHERE arm <> 'shadow' AND lead_id NOT IN (
        SELECT l.lead_id FROM leads l JOIN lead_merges m ON m.from_no = l.lead_no WHERE m.known_until IS NULL)
    QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY as_of DESC NULLS LAST, entry_seq DESC, leaf_no DESC) = 1
) newest USING (entry_seq, leaf_no);

-- where each lead stands in each course, and since when
CREATE OR REPLACE VIEW lead_states AS
SELECT lead_id, acted_by(arm) AS arm, band, band_since, next_state AS state, state_since, decision_id, as_of FROM decisions
QUALIFY row_number() OVER (
    PARTITION BY lead_id, acted_by(arm) ORDER BY as_of DESC NULLS LAST, entry_seq DESC, leaf_no DESC) = 1;

CREATE OR REPLACE VIEW published.decisions AS
SELECT decision_id, lead_id, as_of, known_at, decided_at, arm, step, score, percentile, fit, engagement, fit_grade,
    engagement_grade, disposition, band, priority, prev_state, next_state, pool, assignee, sla_min, action, reasons,
    model_hash, policy_hash, feature_set_hash
FROM main.decisions;

CREATE OR REPLACE VIEW published.latest_decisions AS
SELECT decision_id, lead_id, as_of, known_at, decided_at, arm, step, score, percentile, fit, engagement, fit_grade,
    engagement_grade, disposition, band, priority, prev_state, next_state, pool, assignee, sla_min, action, reasons,
    model_hash, policy_hash, feature_set_hash
FROM main.decisions_latest;
