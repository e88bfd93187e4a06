"""What working the best leads is worth, by how many are worked, from what each outcome brings or costs.

The value of a cut is that of its confusion matrix (C. Elkan, The foundations of cost-sensitive learning, 2001).
Intervals are percentile bootstraps over leads.
"""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from core.models.cutoffs import CapacityInvalid, require_leads
from core.models.encoding import Floats
from core.models.resampling import rounds_for

CUTS = 50
PER = 1000


@dataclass(frozen=True)
class Costs:
    """In one currency: what a worked win brings, what working one lead costs, what a win that nobody works costs."""

    win: float
    work: float
    missed: float = 0.0

    def check(self) -> None:
        """Raises CapacityInvalid where a number cannot be one."""
        for name, value in asdict(self).items():
            if not (np.isfinite(value) and value >= 0):
                raise CapacityInvalid(name, value, "Give a number of 0 or more.")


def by_share(y: Floats, p: Floats, costs: Costs, seed: int = 7, weight: Floats | None = None) -> pl.DataFrame:
    """One row a cut, from working nobody to everybody, on unseen leads (one row a lead: labels 0/1, probabilities).

    share (of leads worked, best first), threshold (null where nobody is worked), precision and recall; per 1,000
    leads: won_worked, lost_worked, won_left, lost_left, and value with its 95 % interval (low, high). Leads of one
    score are worked together or not at all. A lead counts its `weight`, else 1. Raises CapacityInvalid, also where that
    makes under 50 leads.
    """
    costs.check()
    require_leads(len(p), weight)
    leads = _Ordered.of(y, p, weight)
    won, worked, wins, total = leads.won, leads.worked, float(leads.wins.sum()), float(leads.weight.sum())
    low, high = np.quantile(_drawn(leads, costs, seed), [0.025, 0.975], axis=0)
    part = PER / total
    return pl.DataFrame(
        {
            "share": worked / total,
            "threshold": [None if end == 0 else float(leads.p[end - 1]) for end in leads.until],
            "precision": [None if not rows else hits / rows for rows, hits in zip(worked, won, strict=True)],
            "recall": won / (wins or 1.0),
            "won_worked": part * won,
            "lost_worked": part * (worked - won),
            "won_left": part * (wins - won),
            "lost_left": part * (total - wins - worked + won),
            "value": part * _value(won, worked, wins, costs),
            "low": low,
            "high": high,
        },
        schema_overrides={"threshold": pl.Float64, "precision": pl.Float64},
    )


def best(rows: pl.DataFrame) -> dict[str, float]:
    """The row of `by_share` that is worth most; of equals, the one that works fewest.

    It was chosen on the leads that value it, so its value and interval are too high for new leads: see `cross_fitted`.
    """
    return rows.sort("value", "share", descending=[True, False]).row(0, named=True)


@dataclass(frozen=True)
class Worth:
    """What a way to work leads is worth per 1,000 leads, with its 95 % interval."""

    value: float
    low: float
    high: float


def cross_fitted(y: Floats, p: Floats, costs: Costs, seed: int = 7, weight: Floats | None = None) -> Worth:
    """What working the best leads is worth where they are worked from the score that pays most, on unseen leads.

    Each half of them, drawn by the seed, is worked from the score that is worth most in the other half, so no lead has
    a say in the cut that it values (cross-fitting). The interval is a bootstrap over leads at these two cuts. A lead
    counts its `weight`, else 1. Raises as by_share.
    """
    costs.check()
    require_leads(len(p), weight)
    counted = np.ones(len(p)) if weight is None else weight
    chance, leads = np.random.default_rng(seed), len(p)
    first, gained = chance.permutation(leads) % 2 == 0, np.empty(leads)
    for half in (first, ~first):
        others = _Ordered.of(y[~half], p[~half], counted[~half])
        worked = (p[half] >= _pays_most_from(others, costs)).astype(np.float64)
        gained[half] = PER * _value(y[half] * worked, worked, y[half], costs)
    places = [chance.integers(0, leads, leads) for _ in range(rounds_for(leads))]
    drawn = [np.average(gained[at], weights=counted[at]) for at in places]
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return Worth(float(np.average(gained, weights=counted)), low, high)


def _pays_most_from(leads: "_Ordered", costs: Costs) -> float:
    """The score from which on working is worth most; infinite where working nobody is."""
    end = leads.until[np.argmax(_value(leads.won, leads.worked, float(leads.wins.sum()), costs))]
    return float(leads.p[end - 1]) if end else float("inf")


@dataclass(frozen=True)
class _Ordered:
    """Scores and weights, best first, the weight of those that won; up to which row each cut works, how much it works
    and how much of that won.
    """

    p: Floats
    weight: Floats
    wins: Floats
    until: np.ndarray
    worked: Floats
    won: Floats

    @classmethod
    def of(cls, y: Floats, p: Floats, weight: Floats | None) -> "_Ordered":
        """The leads; all count alike without weights."""
        order = np.argsort(-p, kind="stable")
        counted = np.ones(len(p)) if weight is None else weight[order].astype(np.float64)
        wins, p = y[order] * counted, p[order]
        until = _cuts(p)
        worked, won = (_up_to(one)[until] for one in (counted, wins))
        return cls(p, counted, wins, until, worked, won)


def _up_to(values: Floats) -> Floats:
    """The sum of the first 0, 1, 2 and so on values."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _cuts(p: Floats) -> np.ndarray:
    """How many rows, in falling order of score, each cut works: 0 to all of them, about fifty, none within a tie."""
    last_of_score = np.append(np.flatnonzero(np.diff(p)) + 1, len(p))
    wanted = np.unique(np.linspace(1, len(p), CUTS).astype(int))
    return np.concatenate([[0], np.unique(last_of_score[np.searchsorted(last_of_score, wanted)])])


def _value(won: Floats, worked: Floats, wins: float | Floats, costs: Costs) -> Floats:
    return costs.win * won - costs.work * worked - costs.missed * (wins - won)


def _drawn(leads: _Ordered, costs: Costs, seed: int) -> Floats:
    """The value per 1,000 leads at each cut in every round (rounds x cuts)."""
    chance, count = np.random.default_rng(seed), len(leads.p)
    found = []
    for _ in range(rounds_for(count)):
        often = np.bincount(chance.integers(0, count, count), minlength=count)
        rows, wins = (_up_to(often * one) for one in (leads.weight, leads.wins))
        value = _value(wins[leads.until], rows[leads.until], float(wins[-1]), costs)
        found.append(PER / float(rows[-1]) * value)
    return np.array(found)
