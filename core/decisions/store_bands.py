"""How leads were first decided, month by month and band by band, and what became of them."""

import polars as pl

from core.kernel.database import Database

BANDS = ("hot", "warm", "nurture", "cold")
COUNTS = {
    "month": pl.String,
    "band": pl.String,
    "scored": pl.Int64,
    "above": pl.Int64,
    "closed": pl.Int64,
    "won": pl.Int64,
}
_SQL = """
WITH firsts AS (
    SELECT lead_id, strftime(min(as_of), '%Y-%m') AS month, arg_min(band, as_of) AS band, min(as_of) AS as_of
    FROM decisions WHERE arm IN ('live', 'trial') AND as_of IS NOT NULL AND band IS NOT NULL GROUP BY lead_id),
ended AS (
    SELECT l.lead_id, arg_min(o.outcome, o.closed_at) AS outcome, min(o.closed_at) AS closed_at
    FROM outcomes o JOIN leads l USING (lead_no) GROUP BY l.lead_id)
SELECT f.month, f.band, e.outcome, count(*) AS leads
FROM firsts f LEFT JOIN ended e ON e.lead_id = f.lead_id AND (e.closed_at IS NULL OR e.closed_at > f.as_of)
GROUP BY ALL ORDER BY ALL
"""


class BandStore:
    """Reads of the decisions by month and band."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def monthly(self, positive: str = "won") -> pl.DataFrame:
        """month, band, scored, above, closed, won: `above` counts the band and better ones; the coldest is left out."""
        found = self._db.read(_SQL)
        scored = found.group_by("month").agg(pl.col("leads").sum().alias("scored"))
        parts = []
        for place, band in enumerate(BANDS[:-1]):
            above = found.filter(pl.col("band").is_in(BANDS[: place + 1]))
            counted = above.group_by("month").agg(
                pl.col("leads").sum().alias("above"),
                pl.col("leads").filter(pl.col("outcome").is_not_null()).sum().alias("closed"),
                pl.col("leads").filter(pl.col("outcome") == positive).sum().alias("won"),
            )
            joined = scored.join(counted, on="month", how="left").with_columns(pl.lit(band).alias("band"))
            parts.append(joined.with_columns(pl.col("above", "closed", "won").fill_null(0)).sort("month"))
        return pl.concat(parts).select(*COUNTS).cast(COUNTS)  # type: ignore[arg-type]
