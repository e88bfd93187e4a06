-- what people say about a lead's newest decision: good | junk | too_early | withdrawn; the newest row of a lead holds
CREATE TABLE lead_feedback (
    seq BIGINT NOT NULL UNIQUE, lead_id VARCHAR NOT NULL, decision_id VARCHAR NOT NULL, verdict VARCHAR NOT NULL,
    note VARCHAR, actor VARCHAR NOT NULL, given_at TIMESTAMP NOT NULL
);

CREATE VIEW published.lead_feedback AS
SELECT lead_id, decision_id, verdict, actor, given_at FROM main.lead_feedback;

-- what a page is narrowed to, under a name; parameters is JSON
CREATE TABLE saved_views (
    page VARCHAR NOT NULL, owner VARCHAR NOT NULL, name VARCHAR NOT NULL, shared BOOLEAN NOT NULL,
    parameters VARCHAR NOT NULL, saved_at TIMESTAMP NOT NULL, UNIQUE (page, owner, name)
);

-- moments worth a mark on every chart over time; a removed one stays, so that removing can be undone
CREATE TABLE annotations (
    annotation_id VARCHAR NOT NULL UNIQUE, marked_at TIMESTAMP NOT NULL, content VARCHAR NOT NULL, actor VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL, removed BOOLEAN NOT NULL
);
