"""What people who work with a lead say of its score: good, junk or too early, kept as data for whoever trains next."""

from enum import StrEnum

import polars as pl

from core.decisions.errors import LeadUndecided
from core.governance.permissions import Permission
from core.governance.store_desk import FeedbackStore
from core.governance.users import Users
from core.kernel.database import Database


class Verdict(StrEnum):
    """What somebody may say of a lead that was ranked."""

    GOOD = "good"
    JUNK = "junk"
    TOO_EARLY = "too_early"


WITHDRAWN = "withdrawn"


class Feedback:
    """Words on leads; each is about the newest decision and is a ledger entry of the governance stream."""

    def __init__(self, database: Database, users: Users | None = None) -> None:
        self._database = database
        self._users = users or Users(database)
        self._store = FeedbackStore(database)

    def give(self, lead_id: str, verdict: Verdict | None, actor: str, note: str | None = None) -> None:
        """Say it, or take back what was said (None); raises Forbidden and LeadUndecided.

        The note stays in its table: the ledger says only that there is one.
        """
        word = verdict.value if verdict else WITHDRAWN
        with self._database.change("governance", "feedback.given", actor) as change:
            self._users.require(actor, Permission.NOTE, change)
            decision_id = self._store.newest_decision(lead_id, change)
            if decision_id is None:
                raise LeadUndecided(lead_id, None)
            self._store.add(change, lead_id, decision_id, word, note or None, actor)
            change.body.update(decision_id=decision_id, verdict=word, noted=bool(note))

    def latest(self) -> pl.DataFrame:
        """The newest word on each lead, newest first: lead_id, decision_id, verdict, note, actor, given_at."""
        return self._store.latest().filter(pl.col("verdict") != WITHDRAWN)
