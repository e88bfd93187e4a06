-- what people said over the decisions about leads: a row a lead, the rows of one action under its ledger entry; a word is
-- over at `until`, when somebody ended it, or when the lead closed
CREATE TABLE overrides (
    entry_seq BIGINT NOT NULL, lead_id VARCHAR NOT NULL, decision_id VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    pool VARCHAR, assignee VARCHAR, reason VARCHAR NOT NULL, actor VARCHAR NOT NULL, placed_at TIMESTAMP NOT NULL,
    until TIMESTAMP NOT NULL, ended_at TIMESTAMP, ended_by VARCHAR
);

CREATE VIEW published.overrides AS
SELECT 'o' || entry_seq AS override_id, lead_id, decision_id, kind, pool, assignee, actor, placed_at, until, ended_at, ended_by
FROM main.overrides;
