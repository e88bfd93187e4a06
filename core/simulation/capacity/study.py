"""The capacity part of a simulation: both versions' service, or why it cannot be said."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core.policy.document import Policy
from core.simulation.capacity import floor
from core.simulation.capacity.demand import LEAST_ARRIVALS, Demand
from core.simulation.capacity.service import PLACES, Setting, marginal, served

HOURS = "each rep's calendar, without absence"


@dataclass(frozen=True)
class Side:
    """One version and what comes into its pools; no demand where too little is known."""

    policy: Policy
    demand: Demand | None


def capacity(
    before: Side,
    after: Side,
    reps: pl.DataFrame,
    reference: datetime,
    *,
    minutes: float,
    seed: int,
    tell: Callable[[float], None] = lambda _: None,
) -> dict[str, Any]:
    """Both versions served by the reps who are known, and the value of one rep more under the newer one.

    `state` is `simulated`, or `cannot_say` with the reason.
    """
    old, new = (floor.reps_of(side.policy, reps, reference) for side in (before, after))
    if not (old or new):
        return _cannot("no_reps", "No rep stands in a pool of these versions: load them with `import reps`.")
    if before.demand is None or after.demand is None:
        reason = f"Fewer than {LEAST_ARRIVALS} leads came into pools in the known history, or it has no dates."
        return _cannot("too_few_arrivals", reason)
    setting = _setting(after, minutes, seed)
    was = served(before.policy, before.demand, old, _setting(before, minutes, seed), _part(tell, 0.0))
    would = served(after.policy, after.demand, new, setting, _part(tell, 0.3))
    extra = marginal(after.policy, after.demand, new, setting, would, _part(tell, 0.6))
    tell(1.0)
    return {
        "state": "simulated",
        "assumed": {"handling_minutes": minutes, "hours": HOURS, "reps": reps["assignee"].n_unique()},
        "arrivals_per_week": {
            "before": round(before.demand.per_week, PLACES),
            "after": round(after.demand.per_week, PLACES),
        },
        "before": was.to_json(),
        "after": would.to_json(),
        "one_more_rep": extra,
    }


def _setting(side: Side, minutes: float, seed: int) -> Setting:
    clock = side.policy.document.sla
    return Setting(minutes, seed, business_clock=clock is None or clock.clock == "business_hours")


def _part(tell: Callable[[float], None], start: float) -> Callable[[float], None]:
    return lambda done: tell(start + 0.3 * done)


def _cannot(code: str, reason: str) -> dict[str, Any]:
    return {"state": "cannot_say", "code": code, "reason": reason}
