-- one row a drift report: its numbers as JSON, Evidently's page compressed
CREATE TABLE drift_reports (
    report_id VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL, reference VARCHAR NOT NULL, current VARCHAR NOT NULL,
    model_hash VARCHAR NOT NULL, policy_hash VARCHAR NOT NULL, summary VARCHAR NOT NULL, distributions VARCHAR NOT NULL,
    page BLOB NOT NULL, actor VARCHAR NOT NULL
);

-- one row a finished recipe: `run_key` covers the recipe and the content of every file it reads
CREATE TABLE recipe_runs (
    run_key VARCHAR NOT NULL, name VARCHAR NOT NULL, recipe VARCHAR NOT NULL, folder VARCHAR NOT NULL,
    signals_revision VARCHAR NOT NULL, result VARCHAR NOT NULL, charts VARCHAR NOT NULL, finished_at TIMESTAMP NOT NULL,
    actor VARCHAR NOT NULL
);
