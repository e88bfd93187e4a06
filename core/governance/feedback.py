"""What people who work with a lead say of its score: good, junk or too early, kept as data for whoever trains next."""

from collections.abc import Sequence
from enum import StrEnum

import polars as pl

from core.decisions.errors import LeadUndecided
from core.governance.errors_overrides import NobodyChosen
from core.governance.permissions import Permission
from core.governance.store_desk import FeedbackStore
from core.governance.users import Users
from core.kernel.database import Change, Database
from core.kernel.ledger import merkle_root


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
            (decision_id,) = self._say(change, [lead_id], word, actor, note)
            change.body.update(decision_id=decision_id, verdict=word, noted=bool(note))

    def give_to(self, lead_ids: Sequence[str], verdict: Verdict | None, actor: str) -> None:
        """Say it of all these leads or of none, in one entry that binds their decisions.

        Raises NobodyChosen, and what `give` raises.
        """
        if not lead_ids:
            raise NobodyChosen
        word = verdict.value if verdict else WITHDRAWN
        with self._database.change("governance", "feedback.given", actor) as change:
            decision_ids = self._say(change, lead_ids, word, actor, None)
            root = merkle_root([one.encode() for one in decision_ids])
            change.body.update(leads=len(decision_ids), root=root, verdict=word, noted=False)

    def _say(self, change: Change, lead_ids: Sequence[str], word: str, actor: str, note: str | None) -> list[str]:
        """Note the word on each lead's newest decision; their ids, in order of the leads."""
        self._users.require(actor, Permission.NOTE, change)
        found = self._store.newest_decisions(lead_ids, change)
        if unknown := [lead_id for lead_id, decision_id in found.iter_rows() if decision_id is None]:
            raise LeadUndecided(unknown[0], None)
        self._store.add(change, found, word, note or None, actor)
        return found["decision_id"].to_list()

    def latest(self) -> pl.DataFrame:
        """The newest word on each lead, newest first: lead_id, decision_id, verdict, note, actor, given_at."""
        return self._store.latest().filter(pl.col("verdict") != WITHDRAWN)
