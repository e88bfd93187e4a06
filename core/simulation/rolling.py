"""Rolled-forward simulation: every lead's decisions made again in order, all that a version brings about evolving."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl

from core.decisions.breaching import Agreements, Met, Work
from core.decisions.standing import Seen
from core.decisions.states import FRESH, Agreement, LeadState, after, state_inputs
from core.decisions.touching import CapInputs, Touches
from core.policy import evaluator, parser
from core.policy.document import Policy
from core.policy.outcome import Outcome
from core.policy.overlay import LIVE, overlay_of
from core.simulation.one_step import as_frame

Key = tuple[str, datetime | None]
"""A decision to make again: its lead, and its moment (naive UTC; null on undated stores)."""
Source = tuple[str, str]
"""A policy as its text and file: how it travels to a worker."""
DECIDES = ("disposition", "band", "pool", "action", "sla_min", "next_state")
TELL_EVERY = 5_000
ENTERED = {
    "lead_id": pl.String,
    "moment": pl.Datetime("us"),
    "pool": pl.String,
    "sla_min": pl.Int64,
    "priority": pl.Int64,
    "is_first": pl.Boolean,
}
ASSUMED = (
    "Decisions fall when they fell: a time-out or a breach that is due is carried out at the lead's next one.",
    "Scores, features, and who took up which lead are as recorded, whatever a version would have brought about.",
    "Touches are each version's own actions on the way; before the history begins nobody was touched.",
    "The rules alone: no hold-out, no exploration, no person's word, no pool that is full.",
)
"""What a rolled simulation takes for granted."""


class Turn(NamedTuple):
    """One decision made again: what the rules made of the lead, what caps left of that, and what the steps of a breach
    made of it; whether the lead's state had timed out before, and whether steps were carried out.
    """

    core: Outcome
    routed: Outcome
    outcome: Outcome
    timed_out: bool
    breached: bool


@dataclass(frozen=True)
class Way:
    """What happened on one version's way: decisions before which the lead's state had timed out, decisions at which
    steps of a breach were carried out, decisions whose action a cap took away, and leads for which a step fell due
    after their last decision.
    """

    timed_out: int
    breached: int
    capped: int
    overdue: int


@dataclass(frozen=True)
class Rolled:
    """One version's way through the history: each lead's last outcome (a frame of `one_step.decided`), and `entered`,
    a row each time that the rules sent an eligible lead to another pool than before (`is_first`: at its first
    decision).
    """

    last: pl.DataFrame
    entered: pl.DataFrame
    way: Way


@dataclass(frozen=True)
class RolledForward:
    """Both versions' ways; `differing` counts the decisions that any output but the priority differs for."""

    before: Rolled
    after: Rolled
    decisions: int
    differing: int


class Roller:
    """One version going through a history in order of time: each lead begins anew, and where it stands, who was touched
    and what is agreed is what the version's own decisions, and the clock since, made of it.

    `read` gives who took up which lead, and is asked once a step is due. It takes one evaluation a decision: linear.
    """

    def __init__(self, policy: Policy, seen: Seen, read: Callable[[], Work] = dict) -> None:
        document = policy.document
        self._decide, self._told = evaluator.compile(policy).decide_with_values, state_inputs(policy)
        self._overlay, self._inputs = overlay_of(policy), seen.inputs
        self._agreements = Agreements(document, read) if document.sla and document.sla.on_breach else None
        touches = Touches((), document.actions.otherwise) if seen.units and document.actions else None
        self._caps = CapInputs(touches, seen.units or (), seen.zones) if self._overlay.caps else None
        self._standing: dict[str, LeadState] = {}
        self._agreed: dict[str, tuple[int, Outcome]] = {}

    def decide(self, place: int, lead_id: str, moment: datetime | None) -> Turn:
        """The decision at that place of the history."""
        stood = FRESH if moment is None else self._standing.get(lead_id, FRESH)
        waited = self._told.waited(stood, moment)
        told = {**self._inputs[place], **self._told.of(waited, moment)}
        if self._caps is None:
            core = routed = self._decide(told)[0]
        else:
            core, values = self._decide({**told, **self._caps.of(place, lead_id, moment)})
            routed = self._overlay.apply(core, values, LIVE)
            self._caps.note(place, lead_id, moment, routed.action)
        met = self._met(place, lead_id, moment, routed, stood.agreement)
        self._standing[lead_id] = after(waited, moment, routed.band, routed.next_state, met.agreement)
        return Turn(core, routed, met.outcome, waited is not stood, bool(met.effects))

    def _met(self, place: int, lead_id: str, moment: datetime | None, routed: Outcome, before: Agreement | None) -> Met:
        if self._agreements is None:
            return Met(routed)
        self._agreed[lead_id] = place, routed
        return self._agreements.meet(lead_id, routed, before, moment, self._inputs[place])

    def overdue(self, until: datetime | None) -> int:
        """The leads for which a step is due at the moment (naive UTC), as they stand after their last decision."""
        if until is None:
            return 0
        late = (
            self._met(place, lead_id, until, routed, self._standing[lead_id].agreement)
            for lead_id, (place, routed) in list(self._agreed.items())
        )
        return sum(bool(met.effects) for met in late)


def roll(policy: Policy, keys: Sequence[Key], seen: Seen, read: Callable[[], Work] = dict) -> Iterator[Turn]:
    """Each decision of the history made again, in order of time."""
    roller = Roller(policy, seen, read)
    return (roller.decide(place, *key) for place, key in enumerate(keys))


def roll_both(
    sources: tuple[Source, Source],
    keys: Sequence[Key],
    seen: tuple[Seen, Seen],
    work: Work,
    until: datetime | None,
    tell: Callable[[float, str], None],
) -> RolledForward:
    """Both versions over the same history: its keys in order of time, what each version saw of them, who took up which
    lead, and when the history ends (naive UTC; None on undated stores).

    Made to run in a worker: `tell` is told the share that is done, and may raise to stop.
    """
    policies = [parser.load(text, file) for text, file in sources]
    first, second = (_Taken(Roller(policy, one, lambda: work)) for policy, one in zip(policies, seen, strict=True))
    differing = 0
    for place, (lead_id, moment) in enumerate(keys):
        old, new = first.take(place, lead_id, moment), second.take(place, lead_id, moment)
        differing += any(getattr(old, name) != getattr(new, name) for name in DECIDES)
        if place % TELL_EVERY == 0:
            tell(place / len(keys), f"{place:,} of {len(keys):,} decisions made again")
    return RolledForward(first.rolled(until), second.rolled(until), len(keys), differing)


class _Taken:
    """Collects what one version makes of the leads, one decision after the other."""

    def __init__(self, roller: Roller) -> None:
        self._roller = roller
        self._last: dict[str, Turn] = {}
        self._entered: list[tuple[Any, ...]] = []
        self._timed_out = self._breached = self._capped = 0

    def take(self, place: int, lead_id: str, moment: datetime | None) -> Outcome:
        turn, before = self._roller.decide(place, lead_id, moment), self._last.get(lead_id)
        self._timed_out += turn.timed_out
        self._breached += turn.breached
        self._capped += turn.core.action != turn.routed.action
        routed = turn.routed
        if routed.disposition == "PERMIT" and (before is None or routed.pool != before.routed.pool):
            self._entered.append((lead_id, moment, routed.pool, routed.sla_min, routed.priority, before is None))
        self._last[lead_id] = turn
        return turn.outcome

    def rolled(self, until: datetime | None) -> Rolled:
        entered = pl.DataFrame(self._entered, schema=ENTERED, orient="row")
        last = as_frame((lead_id, turn.outcome) for lead_id, turn in self._last.items())
        way = Way(self._timed_out, self._breached, self._capped, self._roller.overdue(until))
        return Rolled(last, entered, way)
