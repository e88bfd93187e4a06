"""The reps and pools of a policy, as the simulation of capacity sees them."""

from datetime import datetime

import polars as pl

from core.policy.document import Policy
from core.simulation.capacity.hours import Hours, of_calendar, union
from core.simulation.capacity.queueing import Caps, Pool, Rep


def pools_of(policy: Policy) -> dict[str, Pool]:
    """The policy's pools by name."""
    return {
        name: Pool(name, block.fallback, block.capacity != "unbounded", block.terminal)
        for name, block in policy.document.pools.items()
    }


def reps_of(policy: Policy, reps: pl.DataFrame, reference: datetime) -> list[Rep]:
    """Who stands in the policy's pools (their `members`, else by their name); a cap that a rep has not is the pool's.

    `reps`: assignee, pool, per_day, max_open, calendar, a row a place. Territories and absence are not looked at.
    """
    places: dict[str, dict[str, Caps]] = {}
    hours: dict[str, list[Hours]] = {}
    rows = reps.sort("assignee", "pool").select("assignee", "pool", "per_day", "max_open", "calendar").rows()
    for name, block in policy.document.pools.items():
        for assignee, group, per_day, max_open, calendar in rows:
            if group == (block.members or name):
                places.setdefault(assignee, {})[name] = _caps(policy, name, per_day, max_open)
                hours.setdefault(assignee, []).append(of_calendar(calendar, reference))
    return [Rep(name, union(hours[name]), places[name]) for name in sorted(places)]


def hours_of(pool: str, reps: list[Rep]) -> Hours:
    """When a pool is open: while any of its reps is at work."""
    return union(rep.hours for rep in reps if pool in rep.pools)


def one_more(pool: str, reps: list[Rep]) -> list[Rep]:
    """The reps with another one in the pool, like its first one but for that pool alone."""
    like = next(rep for rep in reps if pool in rep.pools)
    return [*reps, Rep(f"one more in {pool}", like.hours, {pool: like.pools[pool]})]


def _caps(policy: Policy, pool: str, per_day: int | None, max_open: int | None) -> Caps:
    block = policy.document.pools[pool].capacity
    own = (None, None) if isinstance(block, str) else (block.per_day, block.per_rep_open)
    return Caps(per_day if per_day is not None else own[0], max_open if max_open is not None else own[1])
