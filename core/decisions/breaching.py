"""Agreed times: since when a lead waits to be taken up, and what is done where nobody does.

The agreement begins when a lead is routed to a pool within so many minutes, and goes on while it is routed the same.
A step of `sla.on_breach` that falls due is carried out at the lead's next decision, which a sweep brings about; the
record tells it, as `pool.NAME` or `sla.STEP` with the reason `breached`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from core.decisions.duty import MINUTE, duty_of
from core.decisions.states import Agreement
from core.policy.agreed import REASSIGN, Breach, breach_plan, breached
from core.policy.document import Document
from core.policy.outcome import Outcome, Reason
from core.policy.timeouts import Effect

POOL, STEP, WHY = "pool.", "sla.", "breached"
KIND = "breach"
WALL = "wall"
Work = Mapping[str, Sequence[tuple[datetime | None, datetime | None]]]
Plan = tuple[Breach, ...]
TOUCHED = "first_touch_done"
"""An input of this name that is true says that the lead was taken up."""


@dataclass(frozen=True, slots=True)
class Met:
    """A routed lead as its agreement has it: the outcome after the steps that are due, the agreement from now on, and
    what the new steps tell other systems.
    """

    outcome: Outcome
    agreement: Agreement | None = None
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Agreements:
    """The agreed times of a policy's leads; `read` tells who took up which lead, and is asked once a step is due."""

    document: Document
    read: Callable[[], Work]
    _plans: dict[tuple[str | None, int | None], Plan] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def work(self) -> Work:
        """By lead when it was taken up and since when that is known (naive UTC; None: nobody says when)."""
        return self.read()

    def meet(
        self, lead_id: str, outcome: Outcome, before: Agreement | None, moment: datetime | None, inputs: Mapping
    ) -> Met:
        """What `meet` makes of a lead with these inputs."""
        plan = self._plan(outcome)
        met = _met(self.document, plan, outcome, before, moment, taken_up=False)
        if not met.effects:
            return met
        since = before.since if before else None
        taken_up = inputs.get(TOUCHED) is True or self.is_taken_up(lead_id, since, moment)
        return _met(self.document, plan, outcome, before, moment, taken_up=True) if taken_up else met

    def _plan(self, outcome: Outcome) -> Plan:
        """The plan of an outcome; there are as many as routes."""
        route = outcome.pool, outcome.sla_min
        if route not in self._plans:
            self._plans[route] = breach_plan(self.document, *route)
        return self._plans[route]

    def is_taken_up(self, lead_id: str, since: datetime | None, moment: datetime | None) -> bool:
        """Whether by the moment somebody is known to have worked or closed the lead since then (naive UTC)."""
        return any(
            (known is None or moment is None or known <= moment) and (at is None or since is None or at >= since)
            for at, known in self.work.get(lead_id, ())
        )


def meet(
    document: Document, outcome: Outcome, before: Agreement | None, moment: datetime | None, *, taken_up: bool
) -> Met:
    """The lead under its agreement at the moment (naive UTC); one that was taken up is taken no further."""
    plan = breach_plan(document, outcome.pool, outcome.sla_min)
    return _met(document, plan, outcome, before, moment, taken_up=taken_up)


def _met(
    document: Document, plan: Plan, outcome: Outcome, before: Agreement | None, moment: datetime | None, *,
    taken_up: bool,
) -> Met:  # fmt: skip
    if outcome.disposition != "PERMIT" or outcome.pool is None or outcome.sla_min is None:
        return Met(outcome)
    agreement = going_on(before, outcome.pool, outcome.sla_min) or Agreement(outcome.pool, outcome.sla_min, moment)
    steps = agreement.breaches if taken_up else due_steps(document, plan, agreement, moment)
    if not steps:
        return Met(outcome, agreement)
    told = tuple(Effect(KIND, step.do, None) for step in plan[agreement.breaches : steps])
    return Met(_after(outcome, plan[:steps]), replace(agreement, breaches=steps) if told else agreement, told)


def going_on(before: Agreement | None, pool: str, sla_min: int) -> Agreement | None:
    """The agreement before, where it is about the same pool and time."""
    return before if before and (before.pool, before.sla_min) == (pool, sla_min) else None


def due_steps(document: Document, plan: Sequence[Breach], agreement: Agreement, moment: datetime | None) -> int:
    """How many steps of the plan are carried out by the moment: what was done stays done.

    No clock is ahead of the wall's, so a step that is not due by that one is not due by business hours.
    """
    done = agreement.breaches
    if moment is None or agreement.since is None or len(plan) <= done:
        return min(done, len(plan))
    if moment - agreement.since < plan[done].after_min * MINUTE:
        return done
    elapsed = elapsed_minutes(document, agreement.pool, agreement.since, moment, plan[-1].after_min)
    return max(done, len(breached(tuple(plan), elapsed)))


def elapsed_minutes(document: Document, pool: str, since: datetime, moment: datetime, most: int) -> int:
    """The whole minutes of the policy's clock from one moment to the other (naive UTC), `most` where there are more.

    Business hours are those of the pool's calendar (`duty.duty_of`).
    """
    if document.sla is None or document.sla.clock == WALL:
        return min((moment - since) // MINUTE, most)
    return duty_of(document.pools[pool].calendar).minutes(since, moment, most)


def is_told(rule: object, reason: object) -> bool:
    """Whether a record's reason tells a step that moved no lead to another pool."""
    return str(rule).startswith(STEP) and reason == WHY


def _after(outcome: Outcome, steps: Sequence[Breach]) -> Outcome:
    """The outcome with the pool to which the steps took the lead, and a reason for each."""
    for step in steps:
        if step.do != REASSIGN:
            outcome = replace(outcome, reasons=(*outcome.reasons, Reason(STEP + step.do, WHY)))
        elif step.pool != outcome.pool:
            reason = Reason(f"{POOL}{outcome.pool}", WHY)
            outcome = replace(outcome, pool=step.pool, reasons=(*outcome.reasons, reason))
    return outcome
