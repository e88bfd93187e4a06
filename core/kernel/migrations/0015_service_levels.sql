-- what a minute was like: how many spans of a stage took how long (buckets of core.kernel.telemetry.measures)
CREATE TABLE stage_minutes (
    minute TIMESTAMP NOT NULL, stage VARCHAR NOT NULL, sum_us BIGINT NOT NULL, counts BIGINT[] NOT NULL
);

-- how many cases of a minute met an objective, and how many missed it
CREATE TABLE slo_minutes (minute TIMESTAMP NOT NULL, objective VARCHAR NOT NULL, good BIGINT NOT NULL, bad BIGINT NOT NULL);

-- a decision as service levels judge it
CREATE VIEW decision_quality AS
SELECT decided_at, entry_seq, leaf_no, hash, disposition = 'PERMIT' AND pool IS NULL AS is_unassigned,
       coalesce(json_array_length(record, '$.stale_features'), 0) > 0 AS is_stale,
       json_extract_string(record, '$.trigger_event_id') AS trigger_event_id
FROM decisions;

-- burn rates and alerts at each measured minute, for each objective and pair of windows. A burn rate is the share of bad
-- cases over the share that the target allows; an alert fires while the long and the short window both burn faster than
-- `factor` and the long one has at least `least` bad cases. Without another case it is over at `quiet_at`. Windows and
-- factors are those of Google's workbook for a budget of 30 days.
CREATE VIEW slo_alerts AS
WITH objectives(objective, target, least, playbook) AS (VALUES
    ('availability', 0.999, 10, 'full-disk'), ('latency', 0.95, 10, 'burst'), ('freshness', 0.99, 10, 'stale-source'),
    ('acceptance', 0.99, 10, 'poisoned-source'), ('assignment', 0.999, 10, 'unassigned'), ('audit', 1.0, 1, 'broken-chain')
), pairs(severity, long_minutes, short_minutes, factor) AS (VALUES
    ('page', 60, 5, 14.4), ('page', 360, 30, 6.0), ('ticket', 1440, 120, 3.0), ('ticket', 4320, 360, 1.0)
), minutes AS (
    SELECT objective, minute, sum(good + bad)::BIGINT AS cases, sum(bad)::BIGINT AS bad FROM slo_minutes GROUP BY ALL
), windowed AS (
    SELECT objective, minute,
        sum(bad) OVER w5 AS bad_5, sum(cases) OVER w5 AS all_5, sum(bad) OVER w30 AS bad_30, sum(cases) OVER w30 AS all_30,
        sum(bad) OVER w60 AS bad_60, sum(cases) OVER w60 AS all_60, sum(bad) OVER w120 AS bad_120, sum(cases) OVER w120 AS all_120,
        sum(bad) OVER w360 AS bad_360, sum(cases) OVER w360 AS all_360,
        sum(bad) OVER w1440 AS bad_1440, sum(cases) OVER w1440 AS all_1440,
        sum(bad) OVER w4320 AS bad_4320, sum(cases) OVER w4320 AS all_4320,
        sum(bad) OVER month AS bad_month, sum(cases) OVER month AS all_month
    FROM minutes WINDOW
        w5 AS (PARTITION BY objective ORDER BY minute RANGE BETWEEN INTERVAL 4 MINUTE PRECEDING AND CURRENT ROW),
        w30 AS (PARTITION BY objective ORDER BY minute RANGE BETWEEN INTERVAL 29 MINUTE PRECEDING AND CURRENT ROW),
        w60 AS (PARTITION BY objective ORDER BY minute RANGE BETWEEN INTERVAL 59 MINUTE PRECEDING AND CURRENT ROW),
        w120 AS (PARTITION BY objective ORDER BY minute RANGE BETWEEN INTERVAL 119 MINUTE PRECEDING AND CURRENT ROW),
        w360 AS (PARTITION BY objective ORDER BY minute RANGE BETWEEN INTERVAL 359 MINUTE PRECEDING AND CURRENT ROW),
        w1440 AS (PARTITION BY objective ORDER BY minute RANGE BETWEEN INTERVAL 1439 MINUTE PRECEDING AND CURRENT ROW),
        w4320 AS (PARTITION BY objective ORDER BY minute RANGE BETWEEN INTERVAL 4319 MINUTE PRECEDING AND CURRENT ROW),
        month AS (PARTITION BY objective ORDER BY minute RANGE BETWEEN INTERVAL 43199 MINUTE PRECEDING AND CURRENT ROW)
), paired AS (
    SELECT w.*, o.target, o.least, o.playbook, p.*,
        CASE long_minutes WHEN 60 THEN bad_60 WHEN 360 THEN bad_360 WHEN 1440 THEN bad_1440 ELSE bad_4320 END AS long_bad,
        CASE long_minutes WHEN 60 THEN all_60 WHEN 360 THEN all_360 WHEN 1440 THEN all_1440 ELSE all_4320 END AS long_all,
        CASE short_minutes WHEN 5 THEN bad_5 WHEN 30 THEN bad_30 WHEN 120 THEN bad_120 ELSE bad_360 END AS short_bad,
        CASE short_minutes WHEN 5 THEN all_5 WHEN 30 THEN all_30 WHEN 120 THEN all_120 ELSE all_360 END AS short_all
    FROM windowed w JOIN objectives o USING (objective) CROSS JOIN pairs p
), burning AS (
    SELECT *, CASE WHEN long_bad = 0 THEN 0 WHEN target = 1 THEN 'infinity'::DOUBLE
            ELSE (long_bad / long_all) / (1 - target)::DOUBLE END AS long_burn,
        CASE WHEN short_bad = 0 THEN 0 WHEN target = 1 THEN 'infinity'::DOUBLE
            ELSE (short_bad / short_all) / (1 - target)::DOUBLE END AS short_burn,
        CASE WHEN bad_month = 0 THEN 1 WHEN target = 1 THEN 0
            ELSE greatest(0, 1 - (bad_month / all_month) / (1 - target)::DOUBLE) END AS budget_left
    FROM paired
)
SELECT objective, minute, severity, target::DOUBLE AS target, long_minutes, short_minutes, factor::DOUBLE AS factor, long_burn, short_burn,
       long_bad::BIGINT AS bad, bad_month::BIGINT AS month_bad, all_month::BIGINT AS month_cases, budget_left,
       long_burn >= factor AND short_burn >= factor AND long_bad >= least AS fires,
       minute + to_minutes(short_minutes) AS quiet_at, playbook
FROM burning;
