"""How likely it was that a decision gave its lead any work: what weights by inverse propensity are made of.

Work is any action but the one that is taken when no rule holds. A unit may be held out, and one that is not may be
explored: the chance is over both draws, given what the decision saw and the version that decided. It follows from the
record's own inputs, as a replay does.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from core.decisions.store_course import DecisionCourse
from core.kernel.database import Database
from core.policy import evaluator
from core.policy.arms import BUCKETS, buckets_in, propensities
from core.policy.document import Policy
from core.policy.overlay import HOLDOUT, LIVE, overlay_of

CHANCES = {"lead_id": pl.String, "moment": pl.Datetime("us"), "chance": pl.Float64, "is_given": pl.Boolean}
DECIMALS = 12
"""Shares of actions that are all work sum to nearly 1; so few decimals make that 1, which leaves nothing to chance."""


def chances(db: Database, policy: Callable[[str], Policy], until: int) -> pl.DataFrame:
    """lead_id, moment (naive UTC), the chance of work, and whether work was given, of each decision people work by.

    Decisions written up to the ledger's entry `until`; raises what a missing policy raises.
    """
    judges: dict[str, _Judge] = {}
    rows = []
    for lead_id, moment, policy_hash, action, inputs in DecisionCourse(db).acted(until).iter_rows():
        if policy_hash not in judges:
            judges[policy_hash] = _Judge(policy(policy_hash))
        judge = judges[policy_hash]
        rows.append((lead_id, moment, judge.chance(json.loads(inputs)), judge.is_work(action)))
    return pl.DataFrame(rows, schema=CHANCES, orient="row")


class _Judge:
    """One policy: what it would have done with a lead, by chance."""

    def __init__(self, policy: Policy) -> None:
        self._evaluator, self._overlay = evaluator.compile(policy), overlay_of(policy)
        self._spared = policy.document.actions.otherwise if policy.document.actions else None

    def is_work(self, action: str | None) -> bool:
        """Whether the action is one of work."""
        return action not in (None, self._spared)

    def chance(self, inputs: Mapping[str, Any]) -> float:
        """How likely work was for a lead with these inputs, over the hold-out and the exploration; 1 if sure."""
        core, values = self._evaluator.decide(inputs), self._evaluator.normalised(inputs)
        shares = propensities(self._overlay, core, values, LIVE)
        free = sum(share for action, share in shares.items() if self.is_work(action))
        holdout = self._overlay.holds_out(core, values)
        if holdout is None:
            return round(free, DECIMALS)
        held = buckets_in(holdout.fraction) / BUCKETS
        treated = self.is_work(self._overlay.apply(core, values, HOLDOUT).action)
        return round(held * treated + (1 - held) * free, DECIMALS)
