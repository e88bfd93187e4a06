"""Corrections and retractions: the event that they name stays, and is no longer seen from when they were received."""

import polars as pl

from core.kernel.database import Change

KINDS = ("corrects", "retracts")
MOST_LINKS = 100

NEW = """
INSERT INTO event_corrections
SELECT event_id, coalesce(retracts, corrects), coalesce(retracts, corrects),
    CASE WHEN retracts IS NULL THEN 'corrects' ELSE 'retracts' END, received_at, $batch
FROM incoming WHERE coalesce(retracts, corrects) IS NOT NULL
"""
ROOTS = """
UPDATE event_corrections SET root_id = earlier.root_id FROM event_corrections earlier
WHERE event_corrections.root_id = earlier.correction_id AND earlier.root_id <> event_corrections.root_id
    AND earlier.root_id <> event_corrections.correction_id
"""
TOUCHED = """
CREATE OR REPLACE TEMP TABLE corrected_roots AS
SELECT DISTINCT root_id FROM event_corrections
WHERE batch_id = $batch OR root_id IN (SELECT event_id FROM incoming)
    OR correction_id IN (SELECT event_id FROM incoming)
"""
SUPERSEDE = """
UPDATE events SET superseded_at = versions.until FROM (
    SELECT correction_id AS event_id, CASE kind WHEN 'retracts' THEN received_at
        ELSE lead(received_at) OVER (PARTITION BY root_id ORDER BY received_at, correction_id) END AS until
    FROM event_corrections WHERE root_id IN (FROM corrected_roots)
    UNION ALL SELECT root_id, min(received_at) FROM event_corrections
    WHERE root_id IN (FROM corrected_roots) GROUP BY root_id) versions
WHERE events.event_id = versions.event_id AND events.flag IS NULL
    AND events.superseded_at IS DISTINCT FROM versions.until
"""


def land(change: Change, rows: pl.DataFrame, batch_id: str) -> int:
    """Take in what the stored rows of `incoming` correct or retract; how many events are superseded otherwise now."""
    named = any(rows[kind].null_count() < rows.height for kind in KINDS if kind in rows.columns)
    if not named and not change.scalar("SELECT count(*) FROM event_corrections"):
        return 0
    if named:
        change.execute(NEW, {"batch": batch_id})
    for _ in range(MOST_LINKS):
        if not change.execute(ROOTS):
            break
    change.execute(TOUCHED, {"batch": batch_id})
    return change.execute(SUPERSEDE)
