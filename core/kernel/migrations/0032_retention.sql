-- what is left of a decision whose time was over: its place and leaf in its batch's Merkle tree, so that the others stay provable
CREATE TABLE decisions_gone (
    decision_id VARCHAR NOT NULL, hash VARCHAR NOT NULL, entry_seq BIGINT NOT NULL, leaf_no INTEGER NOT NULL
);

-- every leaf of every batch, with and without its record
CREATE VIEW decision_leaves AS
SELECT decision_id, hash, entry_seq, leaf_no, TRUE AS has_record FROM decisions
UNION ALL SELECT decision_id, hash, entry_seq, leaf_no, FALSE FROM decisions_gone;
