"""What the leads of two populations were reached by: sources, event types and the properties that events carried."""

import polars as pl

from core.kernel.database import Database

MOST_READ = 100_000
SEEN = """
CREATE TEMP TABLE seen_events AS
SELECT s.side, e.lead_id, e.source, e.type, e.properties, hash(e.event_id) % 1000 AS chance
FROM event_log e JOIN sides s USING (lead_id) WHERE s.as_of IS NULL OR e.occurred_at < s.as_of
"""
SOURCES = """
SELECT source, count(DISTINCT lead_id) FILTER (WHERE side = 'reference') AS reference,
       count(DISTINCT lead_id) FILTER (WHERE side = 'current') AS current
FROM seen_events GROUP BY source ORDER BY source
"""
PROPERTIES = """
WITH drawn AS (SELECT side, type, properties FROM seen_events WHERE chance < $share),
totals AS (SELECT side, type, count(*) AS events FROM drawn GROUP BY side, type),
found AS (
    SELECT side, type, key, json_type(properties, concat('$."', key, '"')) AS kind, count(*) AS n
    FROM (SELECT side, type, properties, unnest(json_keys(properties)) AS key FROM drawn WHERE properties IS NOT NULL)
    WHERE NOT contains(key, '"') GROUP BY ALL)
SELECT t.side, t.type, t.events, f.key, f.kind, coalesce(f.n, 0) AS n
FROM totals t LEFT JOIN found f USING (side, type) ORDER BY t.type, f.key, t.side, f.n DESC, f.kind
"""


class ArrivalStore:
    """Questions about the events of two groups of leads."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def seen(self, reference: pl.DataFrame, current: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """By source how many leads of each side it reached; and by side, type and property (with its JSON type) events.

        reference, current: rows with lead_id and as_of; of a lead the events before its latest as_of count. Properties
        are read from at most about 100,000 events.
        """
        sides = pl.concat([_last(frame, side) for side, frame in (("reference", reference), ("current", current))])
        with self._db.scratch() as cursor:
            cursor.load("sides", sides)
            cursor.execute(SEEN)
            events = cursor.scalar("SELECT count(*) FROM seen_events")
            share = min(1000, max(1, 1000 * MOST_READ // max(events, 1)))
            return cursor.read(SOURCES), cursor.read(PROPERTIES, {"share": share})


def _last(frame: pl.DataFrame, side: str) -> pl.DataFrame:
    moment = pl.col("as_of").cast(pl.Datetime("us")).max()
    return frame.group_by("lead_id").agg(moment).select(pl.lit(side).alias("side"), "lead_id", "as_of")
