-- the rows that a model's figures on unseen leads were made of; tenth: 1 is the best of the ranking; segment: the value of
-- the attribute that the figures are told by; level: that of the attribute that has trees of its own, null where not known
CREATE TABLE model_test_rows (
    model_hash VARCHAR NOT NULL, place INTEGER NOT NULL, lead_id VARCHAR NOT NULL, as_of TIMESTAMP, landmark VARCHAR,
    segment VARCHAR, level VARCHAR, y TINYINT NOT NULL, p DOUBLE NOT NULL, tenth TINYINT NOT NULL
);

-- the rows that the newest performance report judged; y is null where the label was still to come, worked where nobody
-- says; levels: `attribute: value` of the segments that were compared
CREATE TABLE performance_rows (
    report_id VARCHAR NOT NULL, place INTEGER NOT NULL, lead_id VARCHAR NOT NULL, as_of TIMESTAMP, cohort TIMESTAMP,
    y TINYINT, p DOUBLE NOT NULL, band VARCHAR, arm VARCHAR, explored BOOLEAN, worked BOOLEAN, levels VARCHAR[] NOT NULL
);
