-- the ledger entry whose certificate covers the leaf: a record that is gone without one was removed by somebody else
ALTER TABLE decisions_gone ADD COLUMN retired_seq BIGINT;
