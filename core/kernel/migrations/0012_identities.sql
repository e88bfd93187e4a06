-- a subject that only ever came as a visitor without a user's id: nobody to decide until it is known
ALTER TABLE leads ADD COLUMN anonymous BOOLEAN DEFAULT false;

-- what was said of ids that belong together; kind: merge | unmerge; state: holds | repeats | identity_conflict |
-- identity_cycle | identity_separated. lead_merges is made of these by core.signals.identity. `at` is when it happened,
-- received_at when it was known; `actor` is set where a person said it
CREATE TABLE identity_statements (
    kind VARCHAR NOT NULL, from_no INTEGER NOT NULL, into_no INTEGER, "at" TIMESTAMP, received_at TIMESTAMP NOT NULL,
    origin VARCHAR NOT NULL, event_id VARCHAR, state VARCHAR NOT NULL, actor VARCHAR, reason VARCHAR, batch_id VARCHAR
);

-- ids merged by a leads file in earlier stores; their rows had been rewritten to the lead that remains
INSERT INTO leads (lead_no, lead_id, batch_id)
SELECT (SELECT coalesce(max(lead_no), 0) FROM leads) + row_number() OVER (ORDER BY alias_id), alias_id, min(batch_id)
FROM lead_aliases ANTI JOIN leads ON leads.lead_id = alias_id GROUP BY alias_id;

INSERT INTO identity_statements
SELECT 'merge', f.lead_no, min(a.lead_no), min(a.received_at), coalesce(min(a.received_at), TIMESTAMP '1900-01-01'),
    'leads', NULL, 'holds', NULL, NULL, min(a.batch_id)
FROM lead_aliases a JOIN leads f ON f.lead_id = a.alias_id GROUP BY f.lead_no;

INSERT INTO lead_merges
SELECT from_no, into_no, received_at, NULL, origin, batch_id FROM identity_statements;

DROP TABLE lead_aliases;

-- the identity of every lead as known at a moment (null: everything known): `root_no` is itself where it stands alone
CREATE MACRO identity_at(moment) AS TABLE
SELECT l.lead_no, coalesce(m.into_no, l.lead_no) AS root_no
FROM leads l LEFT JOIN lead_merges m ON m.from_no = l.lead_no AND CASE WHEN moment IS NULL THEN m.known_until IS NULL
    ELSE m.known_from <= moment AND (m.known_until IS NULL OR moment < m.known_until) END;

-- the leads that stand for themselves by all that is known, visitors who are not known yet left out
CREATE VIEW root_leads AS
SELECT lead_no, lead_id, created_at, created_order, batch_id FROM leads
WHERE NOT coalesce(anonymous, false)
    AND lead_no NOT IN (SELECT from_no FROM lead_merges WHERE known_until IS NULL);

-- every event with the subject that it came with
CREATE VIEW event_rows AS
SELECT e.event_no, e.event_id, e.lead_no, l.lead_id AS subject_id, e.anonymous_id, a.account_id, e.session_id, k.source,
    k.type, e.occurred_at, e.received_at, e.superseded_at, e.region, e.properties, e.context, e.schema_version,
    e.batch_id, e.trace_id
FROM events e JOIN leads l USING (lead_no) JOIN event_kinds k USING (kind_no)
LEFT JOIN accounts a ON a.account_no = e.account_no;

-- the events by all that is known: under the lead that they belong to, corrected ones left out
CREATE OR REPLACE VIEW event_log AS
SELECT e.event_no, e.event_id, r.lead_id, e.anonymous_id, e.account_id, e.session_id, e.source, e.type, e.occurred_at,
    e.received_at, e.region, e.properties, e.context, e.schema_version, e.batch_id, e.trace_id
FROM event_rows e LEFT JOIN lead_merges m ON m.from_no = e.lead_no AND m.known_until IS NULL
JOIN leads r ON r.lead_no = coalesce(m.into_no, e.lead_no)
WHERE e.superseded_at IS NULL;

CREATE OR REPLACE VIEW decisions_latest AS
SELECT d.* FROM decisions d SEMI JOIN (
    SELECT entry_seq, leaf_no FROM decisions
    WHERE lead_id NOT IN (
        SELECT l.lead_id FROM leads l JOIN lead_merges m ON m.from_no = l.lead_no WHERE m.known_until IS NULL)
    QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY as_of DESC NULLS LAST, entry_seq DESC, leaf_no DESC) = 1
) newest USING (entry_seq, leaf_no);

CREATE OR REPLACE VIEW published.leads AS SELECT lead_id, created_at, created_order, batch_id FROM main.root_leads;

CREATE OR REPLACE VIEW published.attributes AS
SELECT r.lead_id, a.name, a.text, a.number, a.flag, a.moment, a.valid_from, a.received_at, a.batch_id
FROM main.attributes a LEFT JOIN main.lead_merges m ON m.from_no = a.lead_no AND m.known_until IS NULL
JOIN main.leads r ON r.lead_no = coalesce(m.into_no, a.lead_no) WHERE a.sealed IS NULL;

CREATE OR REPLACE VIEW published.outcomes AS
SELECT r.lead_id, o.outcome, o.closed_at, o.received_at, o.amount, o.batch_id
FROM main.outcomes o LEFT JOIN main.lead_merges m ON m.from_no = o.lead_no AND m.known_until IS NULL
JOIN main.leads r ON r.lead_no = coalesce(m.into_no, o.lead_no);

CREATE VIEW published.merges AS
SELECT f.lead_id AS from_id, i.lead_id AS into_id, m.known_from, m.known_until, m.origin, m.batch_id
FROM main.lead_merges m JOIN main.leads f ON f.lead_no = m.from_no JOIN main.leads i ON i.lead_no = m.into_no;
