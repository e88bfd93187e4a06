-- one row a simulation that was kept: `evidence` is its canonical JSON, whose hash an approval can name
CREATE TABLE simulations (
    evidence_hash VARCHAR NOT NULL UNIQUE, before_hash VARCHAR NOT NULL, after_hash VARCHAR NOT NULL,
    mode VARCHAR NOT NULL, evidence VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL, actor VARCHAR NOT NULL
);
