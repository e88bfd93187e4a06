-- which lead belongs to which, in both times. Everything stored under from_no (events, attributes, outcomes, accounts)
-- counts for into_no in whatever is asked with known_from <= known_at < known_until (null known_until: until now and on;
-- a null known_at, undated, knows everything: the rows with a null known_until). Stored rows keep the lead that they came
-- with; nothing is rewritten at a merge, so an earlier known_at still sees the earlier identity.
-- Kept closed: at any moment a lead has at most one row, and into_no is a root at that moment (it has no row itself), so
-- one join gives the identity. A lead id in a spine means the identity that it belongs to at known_at.
CREATE TABLE lead_merges (
    from_no INTEGER NOT NULL, into_no INTEGER NOT NULL, known_from TIMESTAMP NOT NULL, known_until TIMESTAMP,
    origin VARCHAR NOT NULL, batch_id VARCHAR
);

-- when a correction or a retraction of this event became known (null: never corrected); the correction is an event of
-- its own with its own id that names the one it corrects. An event is visible iff received_at <= known_at AND (superseded_at IS NULL OR
-- superseded_at > known_at); with a null known_at iff superseded_at IS NULL
ALTER TABLE events ADD COLUMN superseded_at TIMESTAMP;
