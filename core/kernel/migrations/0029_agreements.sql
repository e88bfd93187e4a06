-- the pool to which a lead was routed before any hop, since when it is to be taken up there, and the steps of the
-- policy's `sla.on_breach` that were carried out
ALTER TABLE decisions ADD COLUMN agreed_pool VARCHAR;
ALTER TABLE decisions ADD COLUMN agreed_since TIMESTAMP;
ALTER TABLE decisions ADD COLUMN breaches TINYINT;

CREATE OR REPLACE VIEW decisions_latest AS
SELECT d.* FROM decisions d SEMI JOIN (
    SELECT entry_seq, leaf_no FROM decisions
    WHERE arm <> 'shadow' AND lead_id NOT IN (
        SELECT l.lead_id FROM leads l JOIN lead_merges m ON m.from_no = l.lead_no WHERE m.known_until IS NULL)
    QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY as_of DESC NULLS LAST, entry_seq DESC, leaf_no DESC) = 1
) newest USING (entry_seq, leaf_no);
