-- one row a loaded file or stream of requests
CREATE TABLE batches (
    batch_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, path VARCHAR NOT NULL, adapter VARCHAR NOT NULL,
    content_hash VARCHAR NOT NULL, mapping VARCHAR NOT NULL, read BIGINT NOT NULL, accepted BIGINT NOT NULL,
    duplicate BIGINT NOT NULL, quarantined BIGINT NOT NULL, imported_at TIMESTAMP NOT NULL, actor VARCHAR NOT NULL
);

CREATE TABLE accounts (account_no INTEGER NOT NULL, account_id VARCHAR NOT NULL);

-- created_order numbers the rows of an undated file where the recipe says that row order is time
CREATE TABLE leads (
    lead_no INTEGER NOT NULL, lead_id VARCHAR NOT NULL, created_at TIMESTAMP, created_order BIGINT, batch_id VARCHAR NOT NULL
);

-- ids that a source has merged into another lead
CREATE TABLE lead_aliases (alias_id VARCHAR NOT NULL, lead_no INTEGER NOT NULL, received_at TIMESTAMP, batch_id VARCHAR NOT NULL);

-- which account a lead belongs to, from when; rows of origin 'leads' outrank those of origin 'event'
CREATE TABLE lead_accounts (
    lead_no INTEGER NOT NULL, account_no INTEGER NOT NULL, valid_from TIMESTAMP, received_at TIMESTAMP,
    origin VARCHAR NOT NULL, batch_id VARCHAR NOT NULL
);

-- the dictionary of distinct (source, type): about a hundred rows
CREATE TABLE event_kinds (kind_no SMALLINT NOT NULL, source VARCHAR NOT NULL, type VARCHAR NOT NULL);

-- properties and context are JSON objects as text; both times are UTC
CREATE TABLE events (
    event_no BIGINT NOT NULL, event_id VARCHAR NOT NULL, lead_no INTEGER NOT NULL, kind_no SMALLINT NOT NULL,
    occurred_at TIMESTAMP NOT NULL, received_at TIMESTAMP NOT NULL, anonymous_id VARCHAR, account_no INTEGER,
    session_id VARCHAR, region VARCHAR, properties VARCHAR, context VARCHAR, schema_version SMALLINT NOT NULL,
    batch_id VARCHAR NOT NULL, trace_id VARCHAR
);

-- one row a value of a lead's attribute from a time on; null times mean: always known (undated tables).
-- exactly one of text, number, flag, moment, sealed is set; sealed holds an encrypted personal value
CREATE TABLE attributes (
    lead_no INTEGER NOT NULL, name VARCHAR NOT NULL, text VARCHAR, number DOUBLE, flag BOOLEAN, moment TIMESTAMP,
    sealed BLOB, valid_from TIMESTAMP, received_at TIMESTAMP, batch_id VARCHAR NOT NULL
);

-- type: number | category | boolean | time; personal ones are sealed and never a feature
CREATE TABLE attribute_types (name VARCHAR NOT NULL, type VARCHAR NOT NULL, personal BOOLEAN NOT NULL, column_name VARCHAR NOT NULL);

CREATE TABLE outcomes (
    lead_no INTEGER NOT NULL, outcome VARCHAR NOT NULL, closed_at TIMESTAMP, received_at TIMESTAMP, amount DOUBLE, batch_id VARCHAR NOT NULL
);

-- sealed holds the raw record, encrypted; state: waiting | redriven | discarded
CREATE TABLE quarantine (
    quarantine_id VARCHAR NOT NULL, batch_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, path VARCHAR NOT NULL,
    row_no BIGINT NOT NULL, code VARCHAR NOT NULL, detail VARCHAR NOT NULL, lead_id VARCHAR, sealed BLOB NOT NULL,
    state VARCHAR NOT NULL, quarantined_at TIMESTAMP NOT NULL
);

CREATE VIEW event_log AS
SELECT e.event_no, e.event_id, l.lead_id, e.anonymous_id, a.account_id, e.session_id, k.source, k.type, e.occurred_at,
       e.received_at, e.region, e.properties, e.context, e.schema_version, e.batch_id, e.trace_id
FROM events e JOIN leads l USING (lead_no) JOIN event_kinds k USING (kind_no) LEFT JOIN accounts a ON a.account_no = e.account_no;
