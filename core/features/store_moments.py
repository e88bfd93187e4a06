"""Rows to look at features by: who was there at which moments, and closed leads just before their outcome."""

from datetime import datetime, timedelta

import polars as pl

from core.features.errors import NothingToBuild
from core.features.spine import MOMENT
from core.kernel.database import Database

_SPAN = "SELECT min(occurred_at), max(received_at) + INTERVAL 1 MICROSECOND FROM events"
_THERE = """
SELECT l.lead_id, m.as_of, m.as_of AS known_at FROM moments m
JOIN root_leads l ON l.created_at IS NULL OR l.created_at < m.as_of
QUALIFY $most IS NULL OR row_number() OVER (PARTITION BY m.as_of ORDER BY hash(l.lead_id), l.lead_id) <= $most
ORDER BY m.as_of, l.lead_id
"""
_CLOSED = """
SELECT lead_id, min_by(outcome, closed_at) AS outcome, min(closed_at) AS as_of FROM published.outcomes
WHERE closed_at IS NOT NULL GROUP BY lead_id ORDER BY hash(lead_id), lead_id LIMIT $most
"""


def log_span(db: Database) -> tuple[datetime, datetime]:
    """When the first event happened, and the first microsecond after everything was received (naive UTC).

    Raises NothingToBuild on a store without events.
    """
    first, until = db.read(_SPAN).row(0)
    if first is None:
        raise NothingToBuild
    return first, until


def evenly(db: Database, count: int) -> list[datetime]:
    """So many moments that cut the time of the log into equal parts, the last one after all of it."""
    first, until = log_span(db)
    step = (until - first) / count
    return [*(first + step * part for part in range(1, count)), until]


def every(last: datetime, step_us: int, reach_us: int) -> list[datetime]:
    """The moments from `reach` before the last one, at most, to the last one, a step apart."""
    return [last - timedelta(microseconds=step_us * back) for back in range(max(reach_us // step_us, 1) - 1, -1, -1)]


def leads_at(db: Database, moments: list[datetime], most: int | None = None) -> pl.DataFrame:
    """lead_id, as_of and known_at (the same moment) of the leads that were there before each moment.

    With `most` a sample of each moment's leads, by the hash of their id.
    """
    with db.scratch() as cursor:
        cursor.load("moments", pl.DataFrame({"as_of": moments}, schema={"as_of": MOMENT}))
        return cursor.read(_THERE, {"most": most})


def closed_leads(db: Database, most: int) -> pl.DataFrame:
    """lead_id, outcome and as_of (when it came) of closed leads, at most so many, the same ones every time."""
    return db.read(_CLOSED, {"most": most})
