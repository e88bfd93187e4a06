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


def by_share(y: Floats, p: Floats, costs: Costs, seed: int = 7) -> pl.DataFrame:
    """One row a cut, from working nobody to everybody, on unseen leads (one row a lead: labels 0/1, probabilities).

    share (of leads worked, best first), threshold (null where nobody is worked), precision and recall; per 1,000
    leads: won_worked, lost_worked, won_left, lost_left, and value with its 95 % interval (low, high). Leads of one
    score are worked together or not at all. Raises CapacityInvalid, also under 50 leads.
    """
    costs.check()
    require_leads(len(p))
    y, p, until, won = _ordered(y, p)
    worked = until.astype(np.float64)
    low, high = np.quantile(_drawn(y, until, costs, seed), [0.025, 0.975], axis=0)
    part = PER / len(y)
    return pl.DataFrame(
        {
            "share": worked / len(y),
            "threshold": [None if end == 0 else float(p[end - 1]) for end in until],
            "precision": [None if end == 0 else hits / end for end, hits in zip(until, won, strict=True)],
            "recall": won / max(float(y.sum()), 1.0),
            "won_worked": part * won,
            "lost_worked": part * (worked - won),
            "won_left": part * (y.sum() - won),
            "lost_left": part * (len(y) - y.sum() - worked + won),
            "value": part * _value(won, worked, float(y.sum()), costs),
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


def cross_fitted(y: Floats, p: Floats, costs: Costs, seed: int = 7) -> Worth:
    """What working the best leads is worth where they are worked from the score that pays most, on unseen leads.

    Each half of them, drawn by the seed, is worked from the score that is worth most in the other half, so no lead has
    a say in the cut that it values (cross-fitting). The interval is a bootstrap over leads at these two cuts. Raises as
    by_share.
    """
    costs.check()
    require_leads(len(p))
    chance, leads = np.random.default_rng(seed), len(p)
    first, gained = chance.permutation(leads) % 2 == 0, np.empty(leads)
    for half in (first, ~first):
        worked = (p[half] >= _pays_most_from(y[~half], p[~half], costs)).astype(np.float64)
        gained[half] = PER * _value(y[half] * worked, worked, y[half], costs)
    drawn = [gained[chance.integers(0, leads, leads)].mean() for _ in range(rounds_for(leads))]
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return Worth(float(gained.mean()), low, high)


def _pays_most_from(y: Floats, p: Floats, costs: Costs) -> float:
    """The score from which on working is worth most; infinite where working nobody is."""
    y, p, until, won = _ordered(y, p)
    end = until[np.argmax(_value(won, until.astype(np.float64), float(y.sum()), costs))]
    return float(p[end - 1]) if end else float("inf")


def _ordered(y: Floats, p: Floats) -> tuple[Floats, Floats, np.ndarray, Floats]:
    """Labels and scores, best first; how many rows each cut works, and how many of them won."""
    order = np.argsort(-p, kind="stable")
    y, p = y[order].astype(np.float64), p[order]
    until = _cuts(p)
    return y, p, until, np.concatenate([[0.0], np.cumsum(y)])[until]


def _cuts(p: Floats) -> np.ndarray:
    """How many rows, in falling order of score, each cut works: 0 to all of them, about fifty, none within a tie."""
    last_of_score = np.append(np.flatnonzero(np.diff(p)) + 1, len(p))
    wanted = np.unique(np.linspace(1, len(p), CUTS).astype(int))
    return np.concatenate([[0], np.unique(last_of_score[np.searchsorted(last_of_score, wanted)])])


def _value(won: Floats, worked: Floats, wins: float | Floats, costs: Costs) -> Floats:
    return costs.win * won - costs.work * worked - costs.missed * (wins - won)


def _drawn(y: Floats, until: np.ndarray, costs: Costs, seed: int) -> Floats:
    """The value per 1,000 leads at each cut in every round (rounds x cuts)."""
    chance, leads = np.random.default_rng(seed), len(y)
    found = []
    for _ in range(rounds_for(leads)):
        weight = np.bincount(chance.integers(0, leads, leads), minlength=leads)
        rows, wins = (np.concatenate([[0.0], np.cumsum(one)]) for one in (weight, weight * y))
        found.append(PER / leads * _value(wins[until], rows[until], float(wins[-1]), costs))
    return np.array(found)
