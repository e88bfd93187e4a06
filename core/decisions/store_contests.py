"""Contested decisions in the store."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from core.decisions.reviewing import Contest
from core.kernel.database import Change, Database
from core.kernel.times import naive

UPHELD, CHANGED = "upheld", "changed"
LISTED = """
    SELECT contest_id, lead_id, decision_id, reason, route, asked_by, asked_at, due_at, verdict, comment, settled_by,
        settled_at
    FROM contests WHERE NOT $only_open OR settled_at IS NULL ORDER BY settled_at IS NOT NULL, due_at, contest_id"""


class ContestStore:
    """Rows of `contests`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_lead(self) -> dict[str, list[Contest]]:
        """The contests of each lead, oldest first."""
        rows = self._database.read("SELECT lead_id, asked_at, settled_at, verdict FROM contests ORDER BY asked_at")
        found: dict[str, list[Contest]] = {}
        for lead_id, asked_at, settled_at, verdict in rows.iter_rows():
            found.setdefault(lead_id, []).append(Contest(asked_at, settled_at, verdict == UPHELD))
        return found

    def listed(self, *, only_open: bool) -> pl.DataFrame:
        """Every contest, or those that wait for a person, the most pressing first."""
        return self._database.read(LISTED, {"only_open": only_open})

    def open_of(self, lead_id: str, change: Change) -> str | None:
        """The id of the lead's contest that waits for a person, None where there is none."""
        sql = "SELECT contest_id FROM contests WHERE lead_id = ? AND settled_at IS NULL"
        return change.scalar(sql, [lead_id])

    def put(self, change: Change, row: Mapping[str, object]) -> str:
        """Write a new contest; its id."""
        contest_id = f"c{change.scalar('SELECT count(*) FROM contests') + 1:04d}"
        change.insert("contests", pl.DataFrame([{**row, "contest_id": contest_id}]))
        return contest_id

    def settle(
        self, change: Change, contest_id: str, verdict: str, comment: str, actor: str, moment: datetime
    ) -> str | None:
        """Note a person's word; the contest's decision, None where no such contest waits."""
        sql = "SELECT decision_id FROM contests WHERE contest_id = ? AND settled_at IS NULL"
        decision_id: str | None = change.scalar(sql, [contest_id])
        if decision_id is not None:
            change.execute(
                "UPDATE contests SET verdict = ?, comment = ?, settled_by = ?, settled_at = ? WHERE contest_id = ?",
                [verdict, comment, actor, naive(moment), contest_id],
            )
        return decision_id
