-- the values that the bits of kept parts stand for, by property, in their order (JSON); what was kept before has no parts
ALTER TABLE kept_sets ADD COLUMN words VARCHAR DEFAULT '{}';
