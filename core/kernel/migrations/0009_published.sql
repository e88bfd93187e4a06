-- what the read-only console may see: no sealed value, no key, no user; `core.kernel.console` knows this schema only
CREATE SCHEMA published;

CREATE VIEW published.events AS
SELECT event_id, lead_id, account_id, session_id, source, type, occurred_at, received_at, region, properties, batch_id
FROM main.event_log;

CREATE VIEW published.leads AS SELECT lead_id, created_at, created_order, batch_id FROM main.leads;

CREATE VIEW published.attributes AS
SELECT l.lead_id, a.name, a.text, a.number, a.flag, a.moment, a.valid_from, a.received_at, a.batch_id
FROM main.attributes a JOIN main.leads l USING (lead_no) WHERE a.sealed IS NULL;

CREATE VIEW published.outcomes AS
SELECT l.lead_id, o.outcome, o.closed_at, o.received_at, o.amount, o.batch_id
FROM main.outcomes o JOIN main.leads l USING (lead_no);

CREATE VIEW published.batches AS
SELECT batch_id, kind, path, adapter, content_hash, read, accepted, duplicate, quarantined, imported_at, actor
FROM main.batches;

CREATE VIEW published.quarantine AS
SELECT quarantine_id, batch_id, kind, path, row_no, code, detail, lead_id, state, quarantined_at FROM main.quarantine;

CREATE VIEW published.decisions AS
SELECT decision_id, lead_id, as_of, known_at, decided_at, arm, score, percentile, fit, engagement, fit_grade,
    engagement_grade, disposition, band, priority, prev_state, next_state, pool, sla_min, action, reasons,
    model_hash, policy_hash, feature_set_hash
FROM main.decisions;

CREATE VIEW published.latest_decisions AS
SELECT decision_id, lead_id, as_of, known_at, decided_at, arm, score, percentile, fit, engagement, fit_grade,
    engagement_grade, disposition, band, priority, prev_state, next_state, pool, sla_min, action, reasons,
    model_hash, policy_hash, feature_set_hash
FROM main.decisions_latest;

CREATE VIEW published.ledger AS SELECT seq, stream, kind, "at", actor, body, prev, hash FROM main.ledger;
