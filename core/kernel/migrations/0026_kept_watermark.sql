-- how far the log had come at the kept build: its last event, and how many events it had; a build without is made anew
ALTER TABLE kept_sets ADD COLUMN last_event BIGINT;
ALTER TABLE kept_sets ADD COLUMN events BIGINT;
