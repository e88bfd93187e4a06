"""Rolled-forward simulation: every lead's decisions made again in order, its band and state evolving by the policy."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core.decisions.states import FRESH, after, state_inputs
from core.policy import evaluator, parser
from core.policy.document import Policy
from core.policy.outcome import Outcome
from core.simulation.one_step import as_frame

Step = tuple[str, datetime | None, Mapping[str, Any]]
"""A decision to make again: lead, moment (naive UTC; null on undated stores), inputs without where the lead stands."""
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


@dataclass(frozen=True)
class Rolled:
    """One version's way through the history: each lead's last outcome (a frame of `one_step.decided`), and `entered`,
    a row each time that an eligible lead came into another pool than before (`is_first`: at its first decision);
    `timed_out` counts the decisions before which the lead's state had timed out.
    """

    last: pl.DataFrame
    entered: pl.DataFrame
    timed_out: int


@dataclass(frozen=True)
class RolledForward:
    """Both versions' ways; `differing` counts the decisions that any output but the priority differs for."""

    before: Rolled
    after: Rolled
    decisions: int
    differing: int


def roll(policy: Policy, steps: Sequence[Step]) -> Iterator[tuple[Outcome, bool]]:
    """The outcome of each step, and whether its lead's state had timed out before it; steps in order of lead and time.

    Each lead begins anew. What the policy is told of a lead's band, state and their ages is what its own earlier
    outcomes, and the time-outs since, made of them. It takes one evaluation a step: linear in steps.
    """
    decide, told = evaluator.compile(policy).decide, state_inputs(policy)
    current, standing = None, FRESH
    for lead_id, moment, given in steps:
        if lead_id != current or moment is None:
            current, standing = lead_id, FRESH
        waited = told.waited(standing, moment)
        outcome = decide({**given, **told.of(waited, moment)})
        yield outcome, waited is not standing
        standing = after(waited, moment, outcome.band, outcome.next_state)


def roll_both(
    sources: tuple[Source, Source],
    rows: pl.DataFrame,
    given: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]],
    tell: Callable[[float, str], None],
) -> RolledForward:
    """Both versions over the same history; `rows` has lead_id and moment, `given` each version's inputs of each row.

    Made to run in a worker: `tell` is told the share that is done, and may raise to stop.
    """
    policies = [parser.load(text, file) for text, file in sources]
    keys = list(rows.select("lead_id", "moment").iter_rows())
    sides = [
        roll(policy, [(*key, one) for key, one in zip(keys, seen, strict=True)])
        for policy, seen in zip(policies, given, strict=True)
    ]
    first, second, differing = _Way(), _Way(), 0
    for place, ((lead_id, moment), (old, late), (new, later)) in enumerate(zip(keys, *sides, strict=True)):
        first.take(lead_id, moment, old, late)
        second.take(lead_id, moment, new, later)
        differing += any(getattr(old, name) != getattr(new, name) for name in DECIDES)
        if place % TELL_EVERY == 0:
            tell(place / len(keys), f"{place:,} of {len(keys):,} decisions made again")
    return RolledForward(first.rolled(), second.rolled(), len(keys), differing)


class _Way:
    """Collects what one version makes of the leads, one after the other."""

    def __init__(self) -> None:
        self._last: dict[str, Outcome] = {}
        self._entered: list[tuple[Any, ...]] = []
        self._timed_out = 0

    def take(self, lead_id: str, moment: datetime | None, outcome: Outcome, timed_out: bool) -> None:
        self._timed_out += timed_out
        before = self._last.get(lead_id)
        if outcome.disposition == "PERMIT" and (before is None or outcome.pool != before.pool):
            self._entered.append((lead_id, moment, outcome.pool, outcome.sla_min, outcome.priority, before is None))
        self._last[lead_id] = outcome

    def rolled(self) -> Rolled:
        entered = pl.DataFrame(self._entered, schema=ENTERED, orient="row")
        return Rolled(as_frame(self._last.items()), entered, self._timed_out)
