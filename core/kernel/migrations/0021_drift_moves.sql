-- the leads that each drifted feature moves, as JSON: feature → lead ids
ALTER TABLE drift_reports ADD COLUMN moved VARCHAR;
