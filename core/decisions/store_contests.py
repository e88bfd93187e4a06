"""Contested decisions in the store."""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from core.decisions.reviewing import Contest
from core.decisions.store_outbox import SHOWN
from core.kernel.database import Change, Database
from core.kernel.times import naive

CONTEST_KINDS = ("decision.contested", "contest.settled")
UPHELD, CHANGED = "upheld", "changed"
LISTED = f"""
    SELECT contest_id, lead_id, {SHOWN} AS shown_id, decision_id, reason, route, asked_by, asked_at, due_at, verdict,
        comment, settled_by, settled_at
    FROM contests LEFT JOIN leads USING (lead_id)
    WHERE NOT $only_open OR settled_at IS NULL ORDER BY settled_at IS NOT NULL, due_at, contest_id"""
MERGED = """
    FROM contests c LEFT JOIN leads f USING (lead_id)
    LEFT JOIN lead_merges m ON m.from_no = f.lead_no AND m.known_until IS NULL
    LEFT JOIN leads r ON r.lead_no = m.into_no"""
BY_LEAD = f"""
    SELECT coalesce(r.lead_id, c.lead_id), c.asked_at, c.settled_at, c.verdict {MERGED}
    ORDER BY c.asked_at, c.contest_id"""
WAITING = f"""
    SELECT DISTINCT coalesce(r.lead_id, c.lead_id) AS lead_id {MERGED} WHERE c.settled_at IS NULL ORDER BY lead_id"""


class ContestStore:
    """Rows of `contests`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_lead(self) -> dict[str, list[Contest]]:
        """The contests of each lead, oldest first, those of leads that were merged into it among them."""
        rows = self._database.read(BY_LEAD)
        found: dict[str, list[Contest]] = {}
        for lead_id, asked_at, settled_at, verdict in rows.iter_rows():
            found.setdefault(lead_id, []).append(Contest(asked_at, settled_at, verdict == UPHELD))
        return found

    def waiting(self) -> tuple[str, ...]:
        """The leads of which a contest waits for a person, merged ids followed, in order."""
        return tuple(self._database.read(WAITING)["lead_id"])

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
