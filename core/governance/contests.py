"""Contested decisions: who may ask for a person's look, who gives it, and until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.decisions.errors import LeadUndecided
from core.decisions.store_contests import CHANGED, CONTEST_KINDS, UPHELD, ContestStore
from core.governance.errors_contests import ContestOpen, ContestUnknown, NoWayToContest
from core.governance.permissions import Permission
from core.governance.store_desk import FeedbackStore
from core.governance.users import Users
from core.kernel.database import Database
from core.kernel.errors import ReasonMissing
from core.kernel.times import naive
from core.policy.document import Policy

VERDICTS = (UPHELD, CHANGED)


@dataclass(frozen=True)
class Asked:
    """A contest that begins: its id, its decision, the queue where the lead waits, and when it is due (naive UTC)."""

    contest_id: str
    decision_id: str
    route: str
    due_at: datetime


class Contests:
    """The way to a person that a policy names in `privacy.human_review` (GDPR, Art. 22(3))."""

    def __init__(self, database: Database, users: Users | None = None) -> None:
        self._database, self._users = database, users or Users(database)
        self.store = ContestStore(database)

    def ask(self, policy: Policy, lead_id: str, reason: str, actor: str) -> Asked:
        """Contest the lead's newest decision under the policy that decides.

        Raises Forbidden, ReasonMissing, NoWayToContest, LeadUndecided and ContestOpen.
        """
        review = policy.document.privacy.human_review if policy.document.privacy else None
        if review is None:
            raise NoWayToContest(policy.ref)
        if not reason.strip():
            raise ReasonMissing("contest")
        with self._database.change("governance", CONTEST_KINDS[0], actor) as change:
            now = self._database.clock.now()
            self._users.require(actor, Permission.CONTEST, change)
            decision_id = FeedbackStore(self._database).newest_decision(lead_id, change)
            if decision_id is None:
                raise LeadUndecided(lead_id, None)
            if waiting := self.store.open_of(lead_id, change):
                raise ContestOpen(lead_id, waiting)
            row: dict[str, Any] = {"lead_id": lead_id, "decision_id": decision_id, "reason": reason.strip()}
            row |= {"route": review.route, "asked_by": actor, "asked_at": naive(now)}
            due_at = naive(now) + timedelta(hours=review.sla_hours)
            contest_id = self.store.put(change, row | {"due_at": due_at})
            change.body.update(contest_id=contest_id, decision_id=decision_id)
        return Asked(contest_id, decision_id, review.route, due_at)

    def settle(self, contest_id: str, verdict: str, comment: str, actor: str) -> None:
        """A person's word: `upheld` lets the rules decide again, `changed` keeps the lead with people.

        Raises Forbidden, ReasonMissing and ContestUnknown.
        """
        if not comment.strip():
            raise ReasonMissing("settle")
        with self._database.change("governance", CONTEST_KINDS[1], actor) as change:
            self._users.require(actor, Permission.REVIEW, change)
            now = self._database.clock.now()
            decision_id = self.store.settle(change, contest_id, verdict, comment.strip(), actor, now)
            if decision_id is None or verdict not in VERDICTS:
                raise ContestUnknown(contest_id)
            change.body.update(contest_id=contest_id, decision_id=decision_id, verdict=verdict)
