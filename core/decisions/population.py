"""Reads from the signal plane who there is at a moment."""

from datetime import datetime

import polars as pl

from core.kernel.database import Database

LATEST = """
    SELECT date_trunc('second', max(moment)) + INTERVAL 1 SECOND FROM (
        SELECT greatest(max(occurred_at), max(received_at)) AS moment FROM events
        UNION ALL SELECT max(created_at) FROM leads
        UNION ALL SELECT greatest(max(closed_at), max(received_at)) FROM outcomes
    )"""
THERE = """
    WITH identity AS MATERIALIZED (SELECT * FROM identity_at($moment)),
    first AS (SELECT root_no, min(occurred_at) AS first_at FROM events JOIN identity USING (lead_no) GROUP BY root_no)
    SELECT l.lead_id FROM leads l SEMI JOIN identity i ON i.root_no = l.lead_no
    LEFT JOIN first e ON e.root_no = l.lead_no
    WHERE NOT coalesce(l.anonymous, FALSE)
        AND ($moment IS NULL OR coalesce(least(l.created_at, e.first_at) < $moment, TRUE))
        AND (NOT $only_open OR NOT EXISTS (
            SELECT 1 FROM outcomes o JOIN identity USING (lead_no) WHERE root_no = l.lead_no AND o.outcome <> 'open'
                AND ($moment IS NULL OR coalesce(o.received_at, o.closed_at) IS NULL
                     OR coalesce(o.received_at, o.closed_at) <= $moment)))
    ORDER BY l.lead_id"""
LEARNT = """
    SELECT l.lead_id,
        max(coalesce(a.received_at, CASE WHEN a.batch_id <> l.batch_id THEN b.imported_at END)) AS learnt_at
    FROM attributes a JOIN leads l USING (lead_no) LEFT JOIN batches b ON b.batch_id = a.batch_id
    WHERE a.sealed IS NULL GROUP BY l.lead_id"""


class PopulationStore:
    """Questions to the store about leads at a moment (naive UTC; None where nothing has a date)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def latest_moment(self) -> datetime | None:
        """The first whole second after everything that the store knows, or None where nothing has a date."""
        return self._database.scalar(LATEST)

    def leads(self, moment: datetime | None, *, only_open: bool) -> list[str]:
        """The ids of the leads that were there before the moment, in order; perhaps only those still open then."""
        return self._database.read(THERE, {"moment": moment, "only_open": only_open})["lead_id"].to_list()

    def learnt(self) -> pl.DataFrame:
        """lead_id and learnt_at: when something was last added to what was first told of a lead, else null."""
        return self._database.read(LEARNT)
