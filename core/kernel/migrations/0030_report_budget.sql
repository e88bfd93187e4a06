-- what reports that leave the team have cost of their quarter's privacy budget; epsilon is an exact fraction
CREATE TABLE report_budget (
    spent_at TIMESTAMP NOT NULL, quarter VARCHAR NOT NULL, epsilon VARCHAR NOT NULL, about VARCHAR NOT NULL, actor VARCHAR NOT NULL
);
