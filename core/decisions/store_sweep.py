"""Where leads stand that the clock alone may move."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from core.decisions.arms import ACTED_ON, acted_with
from core.decisions.breaching import TOUCHED
from core.kernel.database import Database
from core.kernel.times import naive

STANDING = """
    SELECT lead_id, coalesce(as_of, known_at) AS moment, next_state AS state, state_since, agreed_pool, sla_min,
        agreed_since, coalesce(breaches, 0) AS breaches, {touched} AS is_touched
    FROM decisions_latest SEMI JOIN wanted USING (lead_id)
    WHERE list_contains($arms, arm) AND coalesce(as_of, known_at) < $before ORDER BY lead_id"""
NEWEST = """
    SELECT lead_id, arg_max(moment, place) AS moment, arg_max(reasons, place) AS reasons
    FROM wanted LEFT JOIN (
        SELECT lead_id, coalesce(as_of, known_at) AS moment, reasons,
            row(coalesce(as_of, known_at, TIMESTAMP '0001-01-01'), entry_seq, leaf_no) AS place
        FROM decisions SEMI JOIN wanted USING (lead_id) WHERE list_contains($arms, arm)
    ) USING (lead_id) GROUP BY lead_id HAVING coalesce(max(moment) < $before, TRUE) ORDER BY lead_id"""
IS_TOUCHED = f"coalesce(json_extract(record, '$.inputs.{TOUCHED}')::BOOLEAN, false)"


class SweepStore:
    """Reads for the sweep."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self, lead_ids: Sequence[str], before: datetime, *, asks_touched: bool) -> pl.DataFrame:
        """One row a lead of these that people work by: its state and agreement after its newest decision, if that is
        of before the moment, and whether its input said that it was taken up, where the policy asks that.
        """
        sql = STANDING.format(touched=IS_TOUCHED if asks_touched else "false")
        with self._database.scratch() as cursor:
            cursor.load("wanted", pl.DataFrame({"lead_id": lead_ids}, schema={"lead_id": pl.String}))
            return cursor.read(sql, {"arms": list(ACTED_ON), "before": naive(before)})

    def newest(self, lead_ids: Sequence[str], before: datetime, arm: str) -> pl.DataFrame:
        """lead_id, moment and reasons (JSON) of the newest decision that one in this arm goes on from, null where there
        is none; without the leads that were decided as of the moment or later.
        """
        with self._database.scratch() as cursor:
            cursor.load("wanted", pl.DataFrame({"lead_id": lead_ids}, schema={"lead_id": pl.String}))
            return cursor.read(NEWEST, {"arms": list(acted_with(arm)), "before": naive(before)})
