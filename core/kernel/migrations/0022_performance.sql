-- one row a performance report: its numbers as JSON
CREATE TABLE performance_reports (
    report_id VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL, population VARCHAR NOT NULL, model_hash VARCHAR NOT NULL,
    policy_hash VARCHAR NOT NULL, summary VARCHAR NOT NULL, actor VARCHAR NOT NULL
);

-- whether and when a lead was worked, as outcome records say; worked without worked_at: nobody says when
CREATE TABLE lead_work (
    lead_no INTEGER NOT NULL, worked BOOLEAN NOT NULL, worked_at TIMESTAMP, received_at TIMESTAMP, batch_id VARCHAR NOT NULL
);
