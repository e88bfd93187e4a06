-- decisions that somebody contests, and what a person decided of them; `upheld` lets the rules decide again
CREATE TABLE contests (
    contest_id VARCHAR NOT NULL, lead_id VARCHAR NOT NULL, decision_id VARCHAR NOT NULL, reason VARCHAR NOT NULL,
    route VARCHAR NOT NULL, asked_by VARCHAR NOT NULL, asked_at TIMESTAMP NOT NULL, due_at TIMESTAMP NOT NULL,
    verdict VARCHAR, comment VARCHAR, settled_by VARCHAR, settled_at TIMESTAMP
);
