"""Reads from the signal plane when what is known was delivered."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from core.kernel.database import Database

NEWEST = """
    SELECT k.source, max(n.received_at) AS received_at FROM (
        SELECT kind_no, max(received_at) AS received_at FROM events WHERE received_at <= ? GROUP BY kind_no
    ) n JOIN event_kinds k USING (kind_no) GROUP BY k.source"""
NEWEST_OF_MANY = """
    WITH hours AS MATERIALIZED (
        SELECT kind_no, date_trunc('hour', received_at) AS hour, max(received_at) AS received_at
        FROM events GROUP BY ALL
    ), sources AS MATERIALIZED (
        SELECT k.source, h.hour, max(h.received_at) AS received_at FROM hours h JOIN event_kinds k USING (kind_no)
        GROUP BY ALL
    ), asked AS MATERIALIZED (
        SELECT moment, date_trunc('hour', moment) AS hour, count(*) OVER (PARTITION BY hour) > 16 AS is_crowded
        FROM asked_moments
    ),
    before AS (
        SELECT a.moment, a.source, s.received_at
        FROM (SELECT * FROM asked, (SELECT DISTINCT source FROM sources)) a
        ASOF JOIN sources s ON s.source = a.source AND s.hour < a.hour
    ), within AS (
        SELECT a.moment, k.source, e.received_at FROM events e
        JOIN asked a ON a.hour = date_trunc('hour', e.received_at) AND a.moment >= e.received_at AND NOT a.is_crowded
        JOIN event_kinds k USING (kind_no)
    ), crowded AS (
        SELECT a.moment, a.source, e.received_at
        FROM (SELECT * FROM asked, (SELECT DISTINCT source FROM sources) WHERE is_crowded) a
        ASOF JOIN (
            SELECT k.source, e.received_at FROM events e JOIN event_kinds k USING (kind_no)
            WHERE date_trunc('hour', e.received_at) IN (SELECT hour FROM asked WHERE is_crowded)
        ) e ON e.source = a.source AND e.received_at <= a.moment
    )
    SELECT moment, source, max(received_at) FROM (FROM before UNION ALL FROM within UNION ALL FROM crowded)
    GROUP BY moment, source"""
HELD_BACK = """
    SELECT m.moment, list(DISTINCT b.source) FROM asked_moments m
    JOIN source_breakers b ON b.opened_at <= m.moment AND (b.closed_at IS NULL OR b.closed_at > m.moment)
    GROUP BY m.moment"""
SINCE = """
    WITH roots AS (
        SELECT r.*, coalesce(m.into_no, l.lead_no) AS root_no FROM asked_rows r JOIN leads l USING (lead_id)
        LEFT JOIN lead_merges m ON m.from_no = l.lead_no AND m.known_from <= r.known_at
            AND (m.known_until IS NULL OR r.known_at < m.known_until)
    ), own AS (
        SELECT *, root_no AS lead_no FROM roots
        UNION ALL SELECT r.*, m.from_no FROM roots r JOIN lead_merges m ON m.into_no = r.root_no
            AND m.known_from <= r.known_at AND (m.known_until IS NULL OR r.known_at < m.known_until)
    )
    SELECT r.row_no, a.name, max(coalesce(a.valid_from, a.received_at)) AS since
    FROM own r JOIN attributes a USING (lead_no)
    WHERE list_contains($names, a.name) AND (a.valid_from IS NULL OR a.valid_from <= r.as_of)
        AND (a.received_at IS NULL OR a.received_at <= r.known_at)
    GROUP BY r.row_no, a.name HAVING since IS NOT NULL"""


class FeedStore:
    """Questions about deliveries (naive UTC)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def kinds(self) -> pl.DataFrame:
        """source and type of every kind of event that there is."""
        return self._database.read("SELECT source, type FROM event_kinds ORDER BY source, type")

    def newest(self, known_at: datetime) -> dict[str, datetime]:
        """By source: when its newest event was received that was known at the moment."""
        return dict(self._database.read(NEWEST, [known_at]).rows())

    def newest_of_many(self, moments: Sequence[datetime]) -> dict[datetime, dict[str, datetime]]:
        """The same by moment, by three scans of the log however many moments there are.

        Each event meets the moments of its hour; where these are many, both are sorted instead.
        """
        found: dict[datetime, dict[str, datetime]] = {moment: {} for moment in moments}
        with self._database.scratch() as cursor:
            cursor.load("asked_moments", pl.DataFrame({"moment": list(moments)}, schema={"moment": pl.Datetime("us")}))
            for moment, source, received_at in cursor.read(NEWEST_OF_MANY).iter_rows():
                found[moment][source] = received_at
        return found

    def held_back(self, moments: Sequence[datetime]) -> dict[datetime, frozenset[str]]:
        """By moment: the sources whose events waited in quarantine then; moments of which none waited are left out."""
        with self._database.scratch() as cursor:
            cursor.load("asked_moments", pl.DataFrame({"moment": list(moments)}, schema={"moment": pl.Datetime("us")}))
            return {moment: frozenset(sources) for moment, sources in cursor.read(HELD_BACK).iter_rows()}

    def attribute_times(self, rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        """row_no, name and since: from when on the value is known that each row's lead has of these attributes."""
        asked = rows.select("lead_id", "as_of", pl.coalesce("known_at", "as_of").alias("known_at"))
        with self._database.scratch() as cursor:
            cursor.load("asked_rows", asked.with_row_index("row_no"))
            return cursor.read(SINCE, {"names": list(names)})
