"""Capacity and speed to lead: weeks of arrivals served again and again, and what one rep more would change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Any

import numpy as np

from core.policy.document import Policy
from core.simulation.capacity import erlang, floor
from core.simulation.capacity.demand import Demand, draw
from core.simulation.capacity.hours import WEEK
from core.simulation.capacity.queueing import Arrival, Fate, Rep, serve

WARM_UP, WEEKS, RUNS, FEWEST_RUNS = 1, 5, 10, 4
MOST_ARRIVALS = 30_000
MOST_HOPS = 4
MOST_STAFFED_ANEW = 6
T_VALUES = {4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""Student's t at 97.5 % for a mean over so many runs."""
PLACES = 4


@dataclass(frozen=True)
class Setting:
    """What is assumed: mean minutes that a lead takes a rep, the seed, and whether agreed minutes count open hours."""

    minutes: float
    seed: int
    business_clock: bool


@dataclass(frozen=True)
class Measure:
    """A mean over the runs with its 95 % interval; all None where nothing could be counted."""

    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Served:
    """How a version's leads are served: shares of leads with an agreed time, waits in minutes by the wall clock."""

    sla_attainment: Measure
    unassigned_rate: Measure
    median_wait: Measure
    gini: Measure
    hops: Mapping[str, float]
    pools: Sequence[Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """The figures in JSON's types."""
        named = ("sla_attainment", "unassigned_rate", "median_wait", "gini")
        return {name: vars(getattr(self, name)) for name in named} | {"hops": self.hops, "pools": list(self.pools)}


@dataclass(frozen=True)
class _Run:
    """What one run comes to: its arrivals after the warm-up with their fates, and by arrival whether it was in time."""

    arrivals: list[Arrival]
    fates: list[Fate]
    in_time: list[bool | None]


def served(
    policy: Policy, demand: Demand, reps: list[Rep], setting: Setting, tell: Callable[[float], None] = lambda _: None
) -> Served:
    """The version's service by the reps, over several runs of five weeks, the first of which only fills the queues.

    The runs' seeds follow from the setting's, so that versions and staffings meet the same chance.
    """
    count = int(min(max(MOST_ARRIVALS / max(demand.per_week * WEEKS, 1), FEWEST_RUNS), RUNS))
    runs = []
    for place in range(count):
        runs.append(_run(policy, demand, reps, setting, place))
        tell((place + 1) / count)
    hops = [fate.hops for run in runs for fate in run.fates if fate.kind != "automatic"]
    return Served(
        sla_attainment=_measure([_attainment(run.in_time) for run in runs]),
        unassigned_rate=_measure([_unassigned(run.fates) for run in runs]),
        median_wait=_measure([_median_wait(run) for run in runs]),
        gini=_measure([gini(_handled(run, len(reps))) for run in runs]),
        hops={str(hop): _share(hops, hop) for hop in sorted(set(hops))},
        pools=[_pool(name, demand, reps, runs, setting) for name in _staffed(policy, reps)],
    )


def marginal(
    policy: Policy,
    demand: Demand,
    reps: list[Rep],
    setting: Setting,
    now: Served,
    tell: Callable[[float], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """What one rep more would change in each of the six busiest pools, by the same chance: pool and shares gained."""
    found, routed = [], demand.by_pool()
    busiest = sorted(_staffed(policy, reps), key=lambda pool: -routed.get(pool, 0.0))[:MOST_STAFFED_ANEW]
    for place, pool in enumerate(busiest):
        tell(place / len(busiest))
        then = served(policy, demand, floor.one_more(pool, reps), setting)
        found.append(
            {
                "pool": pool,
                "sla_attainment": _gain(now.sla_attainment, then.sla_attainment),
                "unassigned_rate": _gain(now.unassigned_rate, then.unassigned_rate),
            }
        )
    return found


def gini(values: Sequence[int]) -> float | None:
    """How unevenly work is spread: 0 where all have the same, near 1 where one has all; None where there is none."""
    total, count = sum(values), len(values)
    if not total:
        return None
    ranked = sum(place * value for place, value in enumerate(sorted(values), 1))
    return round((2 * ranked / total - count - 1) / count, PLACES)


def _run(policy: Policy, demand: Demand, reps: list[Rep], setting: Setting, place: int) -> _Run:
    rng = np.random.default_rng([setting.seed, place])
    arrivals, who = draw(demand, WEEKS, setting.minutes, rng)
    hops = policy.document.sla.max_hops if policy.document.sla else MOST_HOPS
    fates = serve(arrivals, reps, floor.pools_of(policy), WEEKS + 1, hops)
    agreed = demand.marks["sla_min"].to_list()
    first = next((row for row, one in enumerate(arrivals) if one.at >= WARM_UP * WEEK), len(arrivals))
    opened = {name: floor.hours_of(name, reps) for name in _staffed(policy, reps)}
    kept = range(first, len(arrivals))
    in_time = [_in_time(arrivals[row], fates[row], agreed[who[row]], opened, setting) for row in kept]
    return _Run(arrivals[first:], fates[first:], in_time)


def _in_time(
    arrival: Arrival, fate: Fate, agreed: int | None, opened: Mapping[str, Any], setting: Setting
) -> bool | None:
    """Whether somebody began within the agreed time; None where none was agreed or nobody is needed."""
    if agreed is None or fate.kind == "automatic":
        return None
    if fate.began is None:
        return False
    waited = fate.began - arrival.at
    if setting.business_clock:
        waited = opened[fate.pool].between(arrival.at, fate.began)
    return waited <= agreed


def _staffed(policy: Policy, reps: Sequence[Rep]) -> list[str]:
    return [name for name in policy.document.pools if any(name in rep.pools for rep in reps)]


def _attainment(in_time: Sequence[bool | None]) -> float | None:
    asked = [one for one in in_time if one is not None]
    return sum(asked) / len(asked) if asked else None


def _unassigned(fates: Sequence[Fate]) -> float | None:
    needed = [fate for fate in fates if fate.kind != "automatic"]
    return sum(fate.kind == "unassigned" for fate in needed) / len(needed) if needed else None


def _median_wait(run: _Run) -> float | None:
    waits = [fate.began - one.at for one, fate in zip(run.arrivals, run.fates, strict=True) if fate.began is not None]
    return median(waits) if waits else None


def _handled(run: _Run, reps: int) -> list[int]:
    counts = [0] * reps
    for fate in run.fates:
        if fate.rep is not None:
            counts[fate.rep] += 1
    return counts


def _pool(name: str, demand: Demand, reps: list[Rep], runs: Sequence[_Run], setting: Setting) -> dict[str, Any]:
    """One staffed pool: what is routed to it, how it fares, and Erlang's first answer for the hours it is open."""
    mine = [
        (one, fate, timely)
        for run in runs
        for one, fate, timely in zip(run.arrivals, run.fates, run.in_time, strict=True)
        if fate.pool == name
    ]
    per_week, opened = demand.by_pool().get(name, 0.0), floor.hours_of(name, reps).open_minutes
    count = sum(name in rep.pools for rep in reps)
    agreed = demand.marks.filter(pool=name)["sla_min"].median()
    queue = erlang.Queue(per_week / (opened / 60), setting.minutes, count) if opened else None
    wait = erlang.waits_longer(queue, float(agreed)) if queue and isinstance(agreed, int | float) else None
    worked = sum(one.minutes for one, fate, _ in mine if fate.began is not None)
    return {
        "pool": name,
        "reps": count,
        "per_week": round(per_week, PLACES),
        "sla_attainment": _rounded(_attainment([timely for _, _, timely in mine])),
        "utilisation": round(worked / (count * opened * (WEEKS - WARM_UP) * len(runs)), PLACES) if opened else 0.0,
        "erlang_late": _rounded(wait),
    }


def _measure(values: Sequence[float | None]) -> Measure:
    known = [value for value in values if value is not None]
    if len(known) < FEWEST_RUNS:
        return Measure(None, None, None)
    middle, half = fmean(known), T_VALUES[len(known)] * stdev(known) / len(known) ** 0.5
    return Measure(*(round(value, PLACES) for value in (middle, middle - half, middle + half)))


def _gain(now: Measure, then: Measure) -> float | None:
    return None if now.mean is None or then.mean is None else round(then.mean - now.mean, PLACES)


def _share(values: Sequence[int], value: int) -> float:
    return round(values.count(value) / len(values), PLACES)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)
