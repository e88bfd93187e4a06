"""What people who work with a lead say of its score: good, junk or too early, kept as data for whoever trains next."""

from collections.abc import Mapping
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
        with self._database.change("governance", "feedback.given", actor) as change:
            said = self._say(change, {lead_id: verdict}, actor, note)
            change.body.update(decision_id=said["decision_id"].item(), verdict=_word(verdict), noted=bool(note))

    def give_to(self, verdicts: Mapping[str, Verdict | None], actor: str) -> None:
        """Say of each of these leads what it is worth (None: take back what was said), or of none of them.

        One entry binds their decisions. Raises NobodyChosen, and what `give` raises.
        """
        if not verdicts:
            raise NobodyChosen
        with self._database.change("governance", "feedback.given", actor) as change:
            said = self._say(change, verdicts, actor, None)
            root = merkle_root([one.encode() for one in said["decision_id"]])
            words = ", ".join(said["verdict"].unique().sort())
            change.body.update(leads=said.height, root=root, verdict=words, noted=False)

    def _say(
        self, change: Change, verdicts: Mapping[str, Verdict | None], actor: str, note: str | None
    ) -> pl.DataFrame:
        """Note the words on each lead's newest decision: lead_id, decision_id, verdict, in order of the leads."""
        self._users.require(actor, Permission.NOTE, change)
        found = self._store.newest_decisions(list(verdicts), change)
        if unknown := [lead_id for lead_id, decision_id in found.iter_rows() if decision_id is None]:
            raise LeadUndecided(unknown[0], None)
        said = found.with_columns(verdict=pl.Series([_word(verdicts[one]) for one in found["lead_id"]]))
        self._store.add(change, said, note or None, actor)
        return said

    def latest(self) -> pl.DataFrame:
        """The newest word on each lead, newest first: lead_id, decision_id, verdict, note, actor, given_at."""
        return self._store.latest().filter(pl.col("verdict") != WITHDRAWN)


def _word(verdict: Verdict | None) -> str:
    return verdict.value if verdict else WITHDRAWN
