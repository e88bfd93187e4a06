"""A store of very many decided leads, made of a small one: `python -m tests.benchmarks.many_leads STORE LEADS`.

Leads, attributes and newest decisions (with their points and vectors) of the store are written again under new ids
until there are LEADS of them, each with an earlier decision too; events, models and reports stay as they are. The
ledger knows nothing of them, so such a store is for looking at pages only.
"""

import sys
from pathlib import Path

import duckdb

COPIES = """
    CREATE TEMP TABLE copies AS
    SELECT d.decision_id, d.lead_no AS old_no, copy,
        1000000 + row_number() OVER (ORDER BY copy, d.decision_id) AS new_no
    FROM (SELECT decision_id, lead_no FROM decisions_latest) d, range(1, $copies) c(copy)
    ORDER BY copy, d.decision_id LIMIT $wanted
"""
LEADS = """
    INSERT INTO leads BY NAME SELECT l.* REPLACE (new_no AS lead_no, 'x' || new_no AS lead_id)
    FROM copies JOIN leads l ON l.lead_no = old_no
"""
ATTRIBUTES = """
    INSERT INTO attributes BY NAME SELECT a.* REPLACE (new_no AS lead_no)
    FROM copies JOIN attributes a ON a.lead_no = old_no WHERE a.sealed IS NULL
"""
DECISIONS = """
    INSERT INTO decisions BY NAME
    SELECT d.* REPLACE ('d_' || new_no AS decision_id, 'x' || new_no AS lead_id, new_no AS lead_no, new_no AS leaf_no)
    FROM copies JOIN decisions d USING (decision_id)
"""
EARLIER = """
    INSERT INTO decisions BY NAME
    SELECT d.* REPLACE (
        'e_' || new_no AS decision_id, 'x' || new_no AS lead_id, new_no AS lead_no, new_no AS leaf_no, 0 AS entry_seq,
        '{}' AS record, '[]' AS points, d.as_of - INTERVAL 7 DAY AS as_of,
        greatest(d.percentile - new_no % 9, 0) AS percentile)
    FROM copies JOIN decisions d USING (decision_id)
"""


def grow(store: Path, leads: int) -> int:
    """Copy decided leads of a store that nobody has open until there are so many; how many there are."""
    with duckdb.connect(str(store / "store.duckdb")) as connection:
        there = connection.execute("SELECT count(DISTINCT lead_id) FROM decisions").fetchall()[0][0]
        copies = {"copies": leads // there + 2, "wanted": max(leads - there, 0)}
        connection.execute(COPIES, copies).fetchall()
        for statement in (LEADS, ATTRIBUTES, DECISIONS, EARLIER):
            connection.execute(statement).fetchall()
        return connection.execute("SELECT count(DISTINCT lead_id) FROM decisions").fetchall()[0][0]


if __name__ == "__main__":
    sys.stderr.write(f"{grow(Path(sys.argv[1]), int(sys.argv[2])):,} decided leads\n")
