"""A person's word over the decisions about leads: where they go, who gets them, until when they rest.

It lies on top: no stored decision is changed by it and no replay reads it. A new decision does not end it; its own end
does, whoever takes it back, or the lead's close.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from core.decisions.store_arrivals import ArrivalStore
from core.decisions.store_overrides import Kind, OverrideStore
from core.governance import errors_overrides as errors
from core.governance.history import active
from core.governance.permissions import Permission
from core.governance.releases import Releases
from core.governance.users import Users
from core.kernel.database import Change, Database
from core.kernel.errors import ReasonMissing
from core.kernel.ledger import merkle_root
from core.kernel.times import naive, to_text, utc

PLACED, ENDED = "override.placed", "override.ended"
STREAM = "decisions"
LASTS = timedelta(days=14)
LONGEST = timedelta(days=366)
MOST_CHARACTERS = 300


@dataclass(frozen=True)
class Override:
    """What is said: a pool (`route`, maybe somebody there), an assignee (`assign`; the pool stays), a rest (`snooze`).

    `until` (UTC; None: 14 days from now) is its end; a snoozed lead comes back then.
    """

    kind: Kind
    reason: str
    pool: str | None = None
    assignee: str | None = None
    until: datetime | None = None


class Overrides:
    """What people say over decisions; each action is one ledger entry, however many leads it is about."""

    def __init__(self, database: Database, users: Users, releases: Releases) -> None:
        self._database, self._users, self._releases = database, users, releases
        self.store = OverrideStore(database)

    def pools(self) -> list[str]:
        """The pools of the policy that decides, else of the one that decided last, by name."""
        found = active(self._releases)
        last = found.content_hash if found else ArrivalStore(self._database).last_policy()
        return sorted(self._releases.policies.get(last).policy.document.pools) if last else []

    def place(self, said: Override, lead_ids: Sequence[str], actor: str) -> str:
        """Say it of all these leads or of none; the action's id.

        Raises Forbidden, ReasonMissing and the refusals of `errors_overrides`. The reason stays in its table: the
        ledger binds which decisions were overruled (the Merkle root of their ids), not why.
        """
        with self._database.change(STREAM, PLACED, actor) as change:
            self._users.require(actor, Permission.OVERRIDE, change)
            now = self._database.clock.now()
            until = utc(said.until) if said.until else (now + LASTS).replace(microsecond=0)
            self._check(said, until, now, self.pools(), change)
            leads = self._leads(said.kind, lead_ids, change)
            told = {"kind": said.kind.value, "pool": said.pool, "assignee": said.assignee}
            row = told | {"reason": said.reason.strip(), "actor": actor, "placed_at": naive(now), "until": naive(until)}
            override_id = self.store.put(change, leads, row)
            root = merkle_root([one.encode() for one in leads["decision_id"]])
            change.body.update(told, override_id=override_id, until=to_text(until), leads=leads.height, root=root)
        return override_id

    def end(self, override_id: str, actor: str, lead_id: str | None = None) -> int:
        """Take an action back, on one lead or on all; on how many it stood. Raises Forbidden and OverrideUnknown."""
        with self._database.change(STREAM, ENDED, actor) as change:
            self._users.require(actor, Permission.OVERRIDE, change)
            ended = self.store.end(change, override_id, lead_id, actor, self._database.clock.now())
            if not ended:
                raise errors.OverrideUnknown(override_id)
            change.body.update(override_id=override_id, leads=ended)
        return ended

    def _check(self, said: Override, until: datetime, now: datetime, pools: Sequence[str], change: Change) -> None:
        if not said.reason.strip():
            raise ReasonMissing("overrule a decision")
        if len(said.reason.strip()) > MOST_CHARACTERS:
            raise errors.ReasonTooLong(len(said.reason.strip()), MOST_CHARACTERS)
        if not now < until <= now + LONGEST:
            raise errors.EndInvalid(until, now)
        if (said.pool or said.kind is Kind.ROUTE) and said.pool not in pools:
            raise errors.PoolUnknown(said.pool or "", pools)
        known = sorted({who for who, pool in self.store.reps(change) if said.pool in (None, pool)})
        if (said.assignee or said.kind is Kind.ASSIGN) and said.assignee not in known:
            raise errors.AssigneeUnknown(said.assignee or "", said.pool, known)

    def _leads(self, kind: Kind, lead_ids: Sequence[str], change: Change) -> pl.DataFrame:
        """lead_id and decision_id of the leads' roots, in order; refused where one cannot be spoken of."""
        found = self.store.found(change, lead_ids)
        if found.is_empty():
            raise errors.NobodyChosen
        is_denied = (found["disposition"] == "DENY") & (kind is not Kind.SNOOZE)
        refused = (
            (found["decision_id"].is_null(), errors.LeadsUndecided),
            (found["is_closed"], errors.LeadsClosed),
            (is_denied, errors.LeadsDenied),
            (found["is_contested"] & (kind is not Kind.SNOOZE), errors.LeadsContested),
        )
        for is_bad, refusal in refused:
            if is_bad.any():
                raise refusal(found.filter(is_bad)["asked_id"].to_list())
        return found.select("lead_id", "decision_id").unique("lead_id").sort("lead_id")
