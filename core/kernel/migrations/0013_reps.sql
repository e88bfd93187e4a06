-- one row each time that a rep's place in a pool was told; the latest counts. null capacities mean no limit of their own
CREATE TABLE reps (
    rep_no BIGINT NOT NULL, assignee VARCHAR NOT NULL, pool VARCHAR NOT NULL, per_day INTEGER, max_open INTEGER,
    calendar VARCHAR, territory VARCHAR, received_at TIMESTAMP NOT NULL, batch_id VARCHAR NOT NULL
);

CREATE VIEW current_reps AS
SELECT * FROM reps QUALIFY row_number() OVER (PARTITION BY assignee, pool ORDER BY rep_no DESC) = 1;

CREATE VIEW published.reps AS
SELECT assignee, pool, per_day, max_open, calendar, territory, received_at, batch_id FROM main.current_reps;
