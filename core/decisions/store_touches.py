"""The touches of leads as the store tells them."""

from datetime import datetime, timedelta

import polars as pl

from core.decisions.arms import acted_with
from core.decisions.store_units import UnitStore
from core.decisions.touching import Touch, counted_by
from core.kernel.database import Database
from core.policy.document import Policy

WINDOW = timedelta(days=8)
TOUCHES = """
    SELECT lead_id, min(moment) AS moment FROM (
        SELECT lead_id, action, coalesce(as_of, known_at) AS moment FROM decisions WHERE list_contains($arms, arm))
    WHERE action IS NOT NULL AND action <> $spared AND moment >= $since GROUP BY lead_id, moment::DATE ORDER BY ALL"""


class TouchStore:
    """Reads who was touched when."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, before: datetime, arm: str, spared: str, unit: str) -> list[Touch]:
        """The first touch of each lead and day since a week before the moment, with the unit that it was of then."""
        asked = {"arms": list(acted_with(arm)), "spared": spared, "since": before - WINDOW}
        rows = self._database.read(TOUCHES, asked)
        units = UnitStore(self._database).of(rows.select("lead_id", pl.col("moment").alias("known_at")), unit)
        return list(zip(rows["lead_id"], units, rows["moment"], strict=True))


def touch_units(database: Database, policy: Policy, keys: pl.DataFrame) -> list[str] | None:
    """The unit of which touches are counted, for each row (lead_id, known_at); None where the engine counts none."""
    unit = counted_by(policy)
    return UnitStore(database).of(keys, unit) if unit else None
