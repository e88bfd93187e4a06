-- the fingerprint of the spine that was asked for last, all of whose rows are kept; rows of a build that has one stand
-- with the number of their lead in a column `#lead`, and a build without is made anew
ALTER TABLE kept_sets ADD COLUMN asked VARCHAR;
