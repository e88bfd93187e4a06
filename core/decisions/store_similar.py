"""The leads that converted, for comparison with one that has not yet."""

from datetime import datetime

import polars as pl

from core.kernel.database import Database

CONVERTED = """
    SELECT l.lead_id, l.created_at, min(o.closed_at) AS closed_at
    FROM root_leads l JOIN published.outcomes o USING (lead_id)
    WHERE o.outcome = $outcome AND l.lead_id <> $lead
        AND ($known IS NULL OR coalesce(o.received_at, o.closed_at) <= $known)
    GROUP BY ALL ORDER BY closed_at DESC NULLS LAST, lead_id LIMIT $most
"""


class ConvertedStore:
    """Reads of leads with a wished-for outcome."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def converted(self, outcome: str, lead_id: str, known_at: datetime | None, most: int) -> pl.DataFrame:
        """lead_id, created_at and closed_at of the others that had this outcome as known then, the newest first."""
        told = {"outcome": outcome, "lead": lead_id, "known": known_at, "most": most}
        return self._database.read(CONVERTED, told)

    def created_at(self, lead_id: str) -> datetime | None:
        """When the lead came, None where nobody said."""
        return self._database.scalar("SELECT created_at FROM leads WHERE lead_id = ?", [lead_id])
