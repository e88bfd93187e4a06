-- whether a judged row is one of those that the report's figures count: under weights, labelled rows without one are not
ALTER TABLE performance_rows ADD COLUMN counted BOOLEAN DEFAULT TRUE;
