-- every property that events have had. One with a column_name stands in a column of its own in `events`, beside the JSON
-- text, and is read without parsing; type: number | text | boolean. misfits counts stored values of another type: while
-- there is one, the JSON text is read instead. low and high bound the numbers that were ever stored
CREATE TABLE event_properties (
    property VARCHAR NOT NULL, type VARCHAR, column_name VARCHAR, misfits BIGINT NOT NULL DEFAULT 0, low DOUBLE, high DOUBLE
);

-- every value of a text property with a column, numbered from 0; a property with many values keeps the first ones only
CREATE TABLE event_words (property VARCHAR NOT NULL, code INTEGER NOT NULL, word VARCHAR NOT NULL);

-- one row: how the log lies. The first sorted_events rows are ordered by (lead_no, occurred_at), later ones are the tail;
-- heaviest_lead is never less than the events of any lead. It is right while events and last_no are those of the log
CREATE TABLE log_layout (
    events BIGINT NOT NULL, last_no BIGINT NOT NULL, sorted_events BIGINT NOT NULL, heaviest_lead BIGINT NOT NULL
);
