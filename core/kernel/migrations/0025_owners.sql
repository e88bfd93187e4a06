-- a rep's share in a weighted rotation, and the days on which somebody is away (`2026-12-24..2026-12-31; 2027-01-06`)
ALTER TABLE reps ADD COLUMN weight INTEGER;
ALTER TABLE reps ADD COLUMN away VARCHAR;

CREATE OR REPLACE VIEW current_reps AS
SELECT * FROM reps QUALIFY row_number() OVER (PARTITION BY assignee, pool ORDER BY rep_no DESC) = 1;

CREATE OR REPLACE VIEW published.reps AS
SELECT assignee, pool, per_day, max_open, calendar, territory, weight, away, received_at, batch_id FROM main.current_reps;
