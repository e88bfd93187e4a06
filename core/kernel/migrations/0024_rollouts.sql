-- how a published version reaches its leads: its plan (canonical JSON) and the version that decided before it
CREATE TABLE rollouts (
    rollout_id VARCHAR NOT NULL UNIQUE, name VARCHAR NOT NULL, content_hash VARCHAR NOT NULL, before_hash VARCHAR NOT NULL,
    plan VARCHAR NOT NULL, plan_hash VARCHAR NOT NULL, started_at TIMESTAMP NOT NULL, actor VARCHAR NOT NULL
);

-- what became of it, in order; kind: started | advanced | completed | aborted. step counts from 0
CREATE TABLE rollout_steps (
    seq BIGINT NOT NULL UNIQUE, rollout_id VARCHAR NOT NULL, step INTEGER NOT NULL, kind VARCHAR NOT NULL,
    entered_at TIMESTAMP NOT NULL, actor VARCHAR NOT NULL, note VARCHAR, verdict VARCHAR
);

-- what a rollout is judged by: one row a decision, by its step; ms is the time that deciding took, without waiting
CREATE VIEW rollout_observations AS
SELECT lead_id, policy_hash, arm, step, decided_at, known_at, entry_seq, leaf_no, disposition,
    json_array_length(record, '$.errors') > 0 AS has_error,
    disposition = 'PERMIT' AND (pool IS NULL OR len(list_filter(from_json(reasons, '["JSON"]'),
        lambda one: starts_with(one->>'rule', 'pool.'))) > 0 AND assignee IS NULL) AS is_unassigned,
    list_sum(list_transform(json_extract(stage_us, ['$.features', '$.score', '$.policy', '$.record']),
        lambda one: coalesce(TRY_CAST(one AS BIGINT), 0))) / 1000 AS ms
FROM decisions WHERE step IS NOT NULL;

-- a version that decides without the approvals it needs, until it expires
CREATE TABLE break_glass (
    seq BIGINT NOT NULL UNIQUE, content_hash VARCHAR NOT NULL, name VARCHAR NOT NULL, before_hash VARCHAR,
    actor VARCHAR NOT NULL, reason VARCHAR NOT NULL, broken_at TIMESTAMP NOT NULL, expires_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP, ended_how VARCHAR
);

-- a publishing that waits for its time; state: waiting | done | cancelled | refused
CREATE TABLE scheduled_publishes (
    seq BIGINT NOT NULL UNIQUE, content_hash VARCHAR NOT NULL, name VARCHAR NOT NULL, due_at TIMESTAMP NOT NULL,
    actor VARCHAR NOT NULL, reason VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL, state VARCHAR NOT NULL, note VARCHAR
);

-- what approval binds to beside the content: each submission's bundle and evidence pack (canonical JSON)
CREATE TABLE submissions (
    seq BIGINT NOT NULL UNIQUE, content_hash VARCHAR NOT NULL, bundle_hash VARCHAR NOT NULL, bundle VARCHAR NOT NULL,
    evidence_hash VARCHAR NOT NULL, evidence VARCHAR NOT NULL, actor VARCHAR NOT NULL, submitted_at TIMESTAMP NOT NULL
);
