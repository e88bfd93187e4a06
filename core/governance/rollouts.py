"""The rollout of a published version: who decides by it at each step, what the judge says, and when it goes on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl
from uuid_utils import uuid7

from core.decisions.exposure import Exposure
from core.decisions.store_desk import DeskStore
from core.decisions.store_units import ACCOUNT, UnitStore
from core.governance.errors_release import NoRollout, RolloutEarly, RolloutFailing
from core.governance.judging import NOT_IN_SHADOW, Counted, Ratio, Verdicts, judge, ratio_of
from core.governance.observing import BREACHES, Sides, breaches_in, counted_in, event_of, events_in, follows_deeds
from core.governance.permissions import Permission
from core.governance.standing import require_reason
from core.governance.store_release import RolloutRow, RolloutStore
from core.governance.users import SYSTEM, Users
from core.kernel.canonical import canonical, digest
from core.kernel.database import Change, Database
from core.kernel.times import naive, to_text, utc
from core.policy.overlays import GuardMetric, Rollout, RolloutStep
from core.policy.store import PolicyStore, StoredVersion

UNDER_WAY = ("started", "advanced")
FULL = RolloutStep(pct=100)
SHADOW_STEP = RolloutStep(pct=0, mode="shadow")
LADDERS = {
    "shadow": (SHADOW_STEP, FULL),
    "canary": (RolloutStep(pct=5), RolloutStep(pct=25), RolloutStep(pct=50), FULL),
    "blue_green": (SHADOW_STEP, FULL),
}


@dataclass(frozen=True)
class UnderWay:
    """A rollout as it stands."""

    row: RolloutRow

    @cached_property
    def plan(self) -> Rollout:
        """The plan that was published."""
        return Rollout.model_validate(json.loads(self.row.plan))

    @cached_property
    def ladder(self) -> tuple[RolloutStep, ...]:
        """The steps, the last one for everybody."""
        steps = self.plan.steps or LADDERS[self.plan.strategy]
        return steps if steps[-1].pct >= 100 and steps[-1].mode is None else (*steps, FULL)

    @property
    def is_open(self) -> bool:
        """Whether it is still on its way."""
        return self.row.kind in UNDER_WAY

    @property
    def step(self) -> RolloutStep:
        """The step that it is at."""
        return self.ladder[min(self.row.step, len(self.ladder) - 1)]

    @property
    def is_shadow(self) -> bool:
        """Whether the candidate decides without being acted on."""
        return self.step.mode == "shadow" or self.step.pct <= 0

    @property
    def share(self) -> float:
        """The share of units that the candidate decides."""
        return 0.0 if self.is_shadow else min(float(self.step.pct) / 100, 1.0)


@dataclass(frozen=True)
class Look:
    """What one look at the decisions of a step saw: the judge's word, how many leads the new version decided in it,
    and when it decided last (aware UTC).
    """

    verdicts: Verdicts
    leads: int
    newest: datetime | None


class Rollouts:
    """The rollouts of a store, one open at a time for a policy's name."""

    def __init__(self, database: Database, users: Users, policies: PolicyStore) -> None:
        self._database, self._users, self._policies = database, users, policies
        self.store = RolloutStore(database)

    def newest(self, name: str, change: Change | None = None) -> UnderWay | None:
        """The newest rollout of the name, open or ended."""
        row = self.store.newest(name, change)
        return UnderWay(row) if row else None

    def open(self, name: str, change: Change | None = None) -> UnderWay | None:
        """The rollout that is on its way, None where there is none."""
        found = self.newest(name, change)
        return found if found and found.is_open else None

    def is_unfinished(self, content_hash: str, change: Change | None = None) -> bool:
        """Whether the version's newest rollout did not reach everybody; False where it never had one."""
        return self.store.newest_kind(content_hash, change) not in (None, "completed")

    def begin(self, change: Change, version: StoredVersion, before: StoredVersion | None, actor: str) -> str | None:
        """Begin the rollout that a version's document plans; its id, None where nothing is planned or was before."""
        plan = version.policy.document.rollout
        if plan is None or before is None:
            return None
        tree = plan.model_dump(mode="json", exclude_none=True)
        row = {
            "rollout_id": f"ro_{uuid7().hex}",
            "name": version.name,
            "content_hash": version.content_hash,
            "before_hash": before.content_hash,
            "plan": canonical(tree).decode(),
            "plan_hash": digest(tree),
            "actor": actor,
        }
        self.store.start(change, row)
        return row["rollout_id"]

    def end(self, change: Change, name: str, actor: str, why: str | None) -> None:
        """End the open rollout of a name, because the version before it decides again."""
        found = self.open(name, change)
        if found:
            self.store.enter(change, found.row.rollout_id, found.row.step, "aborted", actor, why)

    def exposure(self, name: str) -> Exposure | None:
        """Who decides by what at the step that the name's rollout is at; None where one version decides everybody."""
        found = self.open(name)
        if found is None or found.share >= 1:
            return None
        candidate = self._policies.get(found.row.content_hash).policy
        before = self._policies.get(found.row.before_hash).policy
        plan = found.plan
        return Exposure(candidate, before, plan.unit, plan.salt, found.row.step, found.share, found.is_shadow)

    def look(self, found: UnderWay) -> Look:
        """What the judge says of the step that the rollout is at, and what it saw: the decisions are read once."""
        seen = self._by_account(self.store.seen(found.row))
        sides = {side: seen.filter(pl.col("is_candidate") == side) for side in (False, True)}
        untold = [one.metric for one in _guards(found) if found.is_shadow and follows_deeds(one.metric)]
        counted = {one.metric: self._counted(found, one, sides) for one in _guards(found) if one.metric not in untold}
        verdicts = judge(found.plan.judge, counted, self._ratio(found, sides), dict.fromkeys(untold, NOT_IN_SHADOW))
        newest = sides[True]["decided_at"].max()
        return Look(verdicts, sides[True].height, utc(newest) if isinstance(newest, datetime) else None)

    def _counted(self, found: UnderWay, guard: GuardMetric, sides: Sides) -> Counted | None:
        """A guard's metric in both arms; None where nothing that the store knows tells it."""
        now = naive(self._database.clock.now())
        moments = [moment for frame in sides.values() for moment in frame["moment"]]
        began, ended = min(moments, default=now), max(moments, default=now)
        if guard.metric == BREACHES:
            row, work = found.row, DeskStore(self._database).work(began)
            hashes = {False: row.before_hash, True: row.content_hash}
            documents = {side: self._policies.get(one).policy.document for side, one in hashes.items()}
            return breaches_in(sides, documents, work, now)
        if event := event_of(guard.metric):
            until = now if event.window is None else min(now, ended + event.window)
            return events_in(sides, event, self.store.events(event.type, began, until), now)
        return counted_in(guard.metric, guard.max_abs, sides, paired=found.is_shadow)

    def waits(self, found: UnderWay, leads: int) -> str | None:
        """What keeps the step from being left: hours or decisions that its plan asks for; None where nothing does."""
        step, now = found.step, self._database.clock.now()
        until = found.row.entered_at + timedelta(hours=step.min_hours or 0)
        if now < until:
            return f"the step stays until {to_text(until)}"
        if step.min_decisions and leads < step.min_decisions:
            return f"{leads} of {step.min_decisions} leads were decided by the new version"
        return None

    def advance(self, name: str, actor: str, reason: str | None) -> UnderWay:
        """Go on to the next step, or complete; the judge's verdict goes into the record.

        Raises ReasonMissing, Forbidden, NoRollout, RolloutFailing where the judge says fail, and RolloutEarly.
        """
        require_reason("advance a rollout", reason)
        found = self.require_open(name)
        look = self.look(found)
        if look.verdicts.verdict == "fail":
            raise RolloutFailing(name, look.verdicts.reason)
        if waits := self.waits(found, look.leads):
            raise RolloutEarly(name, waits)
        with self._database.change("policy", "policy.rollout_advanced", actor) as change:
            if actor != SYSTEM:
                self._users.require(actor, Permission.PUBLISH, change)
            self._go_on(change, found, look.verdicts, actor, reason)
        return self._newest(name)

    def status(self, name: str) -> dict[str, Any]:
        """The object of `policy rollout NAME`: the step, the ladder, the verdict, and what keeps it from going on."""
        found = self.newest(name)
        if found is None:
            raise NoRollout(name)
        look = self.look(found) if found.is_open else None
        return {
            "name": name,
            "content_hash": found.row.content_hash,
            "before": found.row.before_hash,
            "strategy": found.plan.strategy,
            "state": "under_way" if found.is_open else found.row.kind,
            "step": found.row.step,
            "steps": [_step_json(one) for one in found.ladder],
            "entered_at": to_text(found.row.entered_at),
            "waits": self.waits(found, look.leads) if look else None,
            "judge": look.verdicts.to_json() if look else None,
            "history": [
                {**row, "entered_at": to_text(row["entered_at"]), "verdict": json.loads(row["verdict"] or "null")}
                for row in self.store.steps(found.row.rollout_id).to_dicts()
            ],
        }

    def _go_on(self, change: Change, found: UnderWay, verdicts: Verdicts, actor: str, note: str | None) -> None:
        current = self.open(found.row.name, change)
        if current is None or (current.row.rollout_id, current.row.step) != (found.row.rollout_id, found.row.step):
            raise NoRollout(found.row.name)
        step = found.row.step + 1
        is_last = step >= len(found.ladder) - 1
        kind = "completed" if is_last else "advanced"
        verdict = canonical(verdicts.to_json()).decode()
        self.store.enter(change, found.row.rollout_id, step, kind, actor, note, verdict)
        named: Mapping[str, object] = {"name": found.row.name, "content_hash": found.row.content_hash}
        change.body.update({**named, "rollout_id": found.row.rollout_id, "step": step, "kind": kind, "reason": note})
        change.body["verdict"] = verdicts.verdict

    def require_open(self, name: str) -> UnderWay:
        """The rollout that is under way; raises NoRollout."""
        found = self.open(name)
        if found is None:
            raise NoRollout(name)
        return found

    def _newest(self, name: str) -> UnderWay:
        found = self.newest(name)
        assert found is not None
        return found

    def _by_account(self, seen: pl.DataFrame) -> pl.DataFrame:
        """The decisions with the account that each lead belonged to, whatever unit the rollout is split by."""
        return seen.with_columns(pl.Series(ACCOUNT, UnitStore(self._database).of(seen, ACCOUNT), dtype=pl.String))

    def _ratio(self, found: UnderWay, sides: Mapping[bool, pl.DataFrame]) -> Ratio | None:
        """Units in each arm against the split; a shadow sees everybody, so there is nothing to compare."""
        if found.is_shadow:
            return None
        units = UnitStore(self._database)
        before, candidate = (len(set(units.of(sides[side], found.plan.unit))) for side in (False, True))
        check = found.plan.judge.sample_ratio_mismatch if found.plan.judge else None
        return (
            ratio_of(before, candidate, found.share, float(check.alpha))
            if check
            else ratio_of(before, candidate, found.share)
        )


def _guards(found: UnderWay) -> tuple[GuardMetric, ...]:
    return found.plan.judge.guards if found.plan.judge else ()


def _step_json(step: RolloutStep) -> dict[str, object]:
    return {"pct": step.pct, "mode": step.mode, "min_hours": step.min_hours, "min_decisions": step.min_decisions}
