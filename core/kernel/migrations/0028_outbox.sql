-- what other systems are told, written with the decision that it follows from; delivered at least once, in this order
CREATE TABLE outbox (
    message_id VARCHAR NOT NULL, decision_id VARCHAR NOT NULL, lead_id VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL, state VARCHAR, entry_seq BIGINT NOT NULL, place INTEGER NOT NULL, status VARCHAR NOT NULL,
    attempts INTEGER NOT NULL, due_at TIMESTAMP NOT NULL, settled_at TIMESTAMP, error VARCHAR
);
