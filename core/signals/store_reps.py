"""Reps in the store: one row each time that somebody's place in a pool was told anew."""

from datetime import datetime

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.times import naive

FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT c.* FROM coming c WHERE NOT EXISTS (
    SELECT 1 FROM current_reps r WHERE r.assignee = c.assignee AND r.pool = c.pool
       AND r.per_day IS NOT DISTINCT FROM c.per_day AND r.max_open IS NOT DISTINCT FROM c.max_open
       AND r.calendar IS NOT DISTINCT FROM c.calendar AND r.territory IS NOT DISTINCT FROM c.territory
       AND r.weight IS NOT DISTINCT FROM c.weight AND r.away IS NOT DISTINCT FROM c.away)
"""
INSERT = """
INSERT INTO reps
    (rep_no, assignee, pool, per_day, max_open, calendar, territory, weight, away, received_at, batch_id)
SELECT $last + row_number() OVER (ORDER BY row_no, pool), assignee, pool, per_day, max_open, calendar, territory,
       weight, away, $now, $batch
FROM fresh ORDER BY row_no, pool
"""


def land(change: Change, rows: pl.DataFrame, batch_id: str, now: datetime) -> tuple[int, int]:
    """Store what is new of the reps; how many records told something new, and how many nothing."""
    change.load("coming", rows)
    change.execute(FRESH)
    records, accepted = rows["row_no"].n_unique(), change.scalar("SELECT count(DISTINCT row_no) FROM fresh")
    last = change.scalar("SELECT coalesce(max(rep_no), 0) FROM reps")
    change.execute(INSERT, {"last": last, "now": naive(now), "batch": batch_id})
    return accepted, records - accepted


def current(db: Database, known_at: datetime | None = None) -> pl.DataFrame:
    """Who stands in which pool as known at a moment (default: now), in order of pool and assignee.

    assignee, pool, per_day and max_open (leads; null: no limit of their own), calendar, territory, weight (share in a
    rotation), away (days of absence), received_at.
    """
    if known_at is None:
        return db.read("SELECT * EXCLUDE (rep_no, batch_id) FROM current_reps ORDER BY pool, assignee")
    return db.read(
        "SELECT * EXCLUDE (rep_no, batch_id) FROM reps WHERE received_at <= $known_at "
        "QUALIFY row_number() OVER (PARTITION BY assignee, pool ORDER BY rep_no DESC) = 1 ORDER BY pool, assignee",
        {"known_at": known_at},
    )
