"""A person's word over the decisions about leads: where they go, who gets them, until when they rest.

It lies on top: no stored decision is changed by it and no replay reads it. A new decision does not end it; its own end
does, whoever takes it back, or the lead's close.
"""

from collections.abc import Mapping, Sequence
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
from core.kernel.database import Change, Cursor, Database
from core.kernel.errors import ReasonMissing
from core.kernel.ledger import merkle_root
from core.kernel.times import naive, to_text, utc

PLACED, ENDED = "override.placed", "override.ended"
STREAM = "decisions"
LASTS = timedelta(days=14)
LONGEST = timedelta(days=366)
MOST_CHARACTERS = 300
REFUSALS = {
    "undecided": errors.LeadsUndecided,
    "closed": errors.LeadsClosed,
    "denied": errors.LeadsDenied,
    "contested": errors.LeadsContested,
}
"""Why a lead cannot be spoken of, the first that holds, and the refusal that says so."""


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


@dataclass(frozen=True)
class Reach:
    """Of the leads asked for those that can be spoken of, as their roots (lead_id, decision_id; in order), and by the
    word of `REFUSALS` those that can not, as they may be shown.
    """

    leads: pl.DataFrame
    left_out: Mapping[str, Sequence[str]]

    @property
    def counts(self) -> dict[str, int]:
        """How many are left out by reason, in the order of `REFUSALS`."""
        return {why: len(asked) for why, asked in self.left_out.items()}

    @property
    def asked(self) -> int:
        """How many leads were asked for, each counted once."""
        return self.leads.height + sum(self.counts.values())


@dataclass(frozen=True)
class Placed:
    """The id of an action, and which leads it reached."""

    override_id: str
    reach: Reach


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

    def reach(self, kind: Kind, lead_ids: Sequence[str]) -> Reach:
        """Which of these leads can be spoken of now, and why the others can not."""
        with self._database.scratch() as cursor:
            return self._reach(kind, lead_ids, cursor)

    def place(self, said: Override, lead_ids: Sequence[str], actor: str) -> str:
        """Say it of all these leads or of none; the action's id.

        Raises Forbidden, ReasonMissing and the refusals of `errors_overrides`. The reason stays in its table: the
        ledger binds which decisions were overruled (the Merkle root of their ids), not why.
        """
        return self._place(said, lead_ids, actor, leaves_out=False).override_id

    def place_where_possible(self, said: Override, lead_ids: Sequence[str], actor: str) -> Placed:
        """Say it of those of these leads of which it can be said; raises what `place` raises where it is none."""
        return self._place(said, lead_ids, actor, leaves_out=True)

    def _place(self, said: Override, lead_ids: Sequence[str], actor: str, *, leaves_out: bool) -> Placed:
        with self._database.change(STREAM, PLACED, actor) as change:
            self._users.require(actor, Permission.OVERRIDE, change)
            now = self._database.clock.now()
            until = utc(said.until) if said.until else (now + LASTS).replace(microsecond=0)
            self._check(said, until, now, self.pools(), change)
            found = self._reach(said.kind, lead_ids, change)
            _refuse(found, leaves_out=leaves_out)
            told = {"kind": said.kind.value, "pool": said.pool, "assignee": said.assignee}
            row = told | {"reason": said.reason.strip(), "actor": actor, "placed_at": naive(now), "until": naive(until)}
            override_id = self.store.put(change, found.leads, row)
            root = merkle_root([one.encode() for one in found.leads["decision_id"]])
            change.body.update(told, override_id=override_id, until=to_text(until), leads=found.leads.height, root=root)
            change.body.update({"left_out": found.counts} if found.left_out else {})
        return Placed(override_id, found)

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

    def _reach(self, kind: Kind, lead_ids: Sequence[str], cursor: Cursor) -> Reach:
        found = self.store.found(cursor, lead_ids).unique("lead_id", keep="first", maintain_order=True)
        is_moved = pl.lit(kind is not Kind.SNOOZE)
        reasons = {
            "undecided": pl.col("decision_id").is_null(),
            "closed": pl.col("is_closed"),
            "denied": is_moved & (pl.col("disposition") == "DENY"),
            "contested": is_moved & pl.col("is_contested"),
        }
        why = pl.coalesce(pl.when(is_so).then(pl.lit(name)) for name, is_so in reasons.items())
        told = found.with_columns(why=why)
        left_out = {name: told.filter(why=name)["asked_id"].to_list() for name in REFUSALS}
        free = told.filter(pl.col("why").is_null()).select("lead_id", "decision_id").sort("lead_id")
        return Reach(free, {name: asked for name, asked in left_out.items() if asked})


def _refuse(found: Reach, *, leaves_out: bool) -> None:
    """Raise where nobody was chosen, nobody is left, or somebody would be left out who may not be."""
    if not found.asked:
        raise errors.NobodyChosen
    if found.left_out and not (leaves_out and found.leads.height):
        why, asked = next(iter(found.left_out.items()))
        raise REFUSALS[why](asked)
