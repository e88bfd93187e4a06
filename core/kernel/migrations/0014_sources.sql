-- one row a correction or retraction: `correction_id` is its own event's id, `event_id` the one that it names, `root_id`
-- the first of the chain; kind: corrects | retracts. Of one root the versions follow each other by received_at
CREATE TABLE event_corrections (
    correction_id VARCHAR NOT NULL, event_id VARCHAR NOT NULL, root_id VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    received_at TIMESTAMP NOT NULL, batch_id VARCHAR NOT NULL
);

-- what each batch brought of each source; the log's own numbers, kept so that nobody has to count it again
CREATE TABLE source_batches (
    batch_id VARCHAR NOT NULL, source VARCHAR NOT NULL, events BIGINT NOT NULL, duplicate BIGINT NOT NULL,
    late BIGINT NOT NULL, skewed BIGINT NOT NULL, flagged BIGINT NOT NULL, first_at TIMESTAMP, last_at TIMESTAMP,
    last_received_at TIMESTAMP
);

-- events of earlier stores, batch by batch; late is counted from here on
INSERT INTO source_batches
SELECT e.batch_id, k.source, count(*), 0, 0, count(*) FILTER (WHERE e.occurred_at > e.received_at + INTERVAL 5 MINUTE),
    0, min(e.occurred_at), max(e.occurred_at), max(e.received_at)
FROM events e JOIN event_kinds k USING (kind_no) GROUP BY e.batch_id, k.source;

-- why an event is kept out of every feature: bot | burst; its superseded_at is then its received_at
ALTER TABLE events ADD COLUMN flag VARCHAR;

-- the data contract of a source that a person confirmed; the one with the highest number holds
CREATE TABLE source_contracts (
    number INTEGER NOT NULL, source VARCHAR NOT NULL, document VARCHAR NOT NULL, confirmed_at TIMESTAMP NOT NULL,
    actor VARCHAR NOT NULL
);

-- a source whose batch failed its gate: while closed_at is null everything that it sends waits in quarantine
CREATE TABLE source_breakers (
    source VARCHAR NOT NULL, opened_at TIMESTAMP NOT NULL, why VARCHAR NOT NULL, batch_id VARCHAR NOT NULL,
    closed_at TIMESTAMP, closed_by VARCHAR, reason VARCHAR
);

CREATE VIEW published.sources AS
SELECT source, sum(events) AS events, sum(duplicate) AS duplicate, sum(late) AS late, sum(skewed) AS skewed,
    sum(flagged) AS flagged, max(last_at) AS last_at, max(last_received_at) AS last_received_at
FROM main.source_batches GROUP BY source;
