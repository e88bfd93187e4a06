-- what the choice of an assignee saw, as canonical JSON: its hash is bound by desk_root in the body of the batch's ledger
-- entry; null where nobody was to be chosen, and in batches from before
ALTER TABLE decisions ADD COLUMN sight VARCHAR;
ALTER TABLE decisions_gone ADD COLUMN sight_hash VARCHAR;

-- the reps that choices saw, as canonical JSON under its hash
CREATE TABLE desk_reps (reps_hash VARCHAR PRIMARY KEY, content VARCHAR NOT NULL);

CREATE OR REPLACE VIEW decision_leaves AS
SELECT decision_id, hash, sha256(coalesce(sight, '')) AS sight_hash, entry_seq, leaf_no, TRUE AS has_record FROM decisions
UNION ALL SELECT decision_id, hash, sight_hash, entry_seq, leaf_no, FALSE FROM decisions_gone;

CREATE OR REPLACE VIEW decisions_latest AS
SELECT d.* FROM decisions d SEMI JOIN (
    SELECT entry_seq, leaf_no FROM decisions
    WHERE arm <> 'shadow' AND lead_id NOT IN (
        SELECT l.lead_id FROM leads l JOIN lead_merges m ON m.from_no = l.lead_no WHERE m.known_until IS NULL)
    QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY as_of DESC NULLS LAST, entry_seq DESC, leaf_no DESC) = 1
) newest USING (entry_seq, leaf_no);
