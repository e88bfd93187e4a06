"""Bands proposed from what a team can work and what a lead is worth, with what is not certain about them.

A cut by capacity lets through as many leads a day as can be worked; with an agreed time, so few that on 95 % of days
all are reached in time (arrivals as a Poisson process, by its normal approximation). A cut by value lets through whom
working pays: probability x value of a deal at least the cost of working one lead (C. Elkan, The foundations of
cost-sensitive learning, 2001). Intervals are percentile bootstraps over leads.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.kernel.errors import LeadbenchError
from core.models.encoding import Floats
from core.models.resampling import rounds_for
from core.models.worked import effective

BUSY_DAYS = 1.6448536269514722
FEWEST_LEADS = 50
WORKDAY_HOURS = 8.0
NURTURED = 0.5
ORDERED = (0.2, 0.5)
SPARE = "order only: all can be worked"
NEARLY, NEARLY_ALL = 0.8, "capacity for nearly all: with a little more, bands only order and the best fifth is hot"
"""From this share of leads on the hot cut says that it jumps where all can be worked."""


class CapacityInvalid(LeadbenchError):
    """Hours, minutes, values or arrivals from which no cut follows."""

    code = "invalid_capacity"

    def __init__(self, name: str, value: object, remedy: str) -> None:
        super().__init__(f"`{name}` is `{value}`, from which no cut follows.", value=value, remedy=remedy)


@dataclass(frozen=True)
class Capacity:
    """What a team can do and what it is worth: hours a day, minutes a lead, value and cost in one currency.

    sla_hours: within how many working hours a hot lead must be reached; None: the same day is enough.
    """

    rep_hours: float
    minutes_a_lead: float
    leads_a_day: float
    deal_value: float | None = None
    hour_cost: float | None = None
    sla_hours: float | None = None

    def check(self) -> None:
        """Raises CapacityInvalid where a number cannot be one."""
        for name, value in asdict(self).items():
            if value is not None and not (np.isfinite(value) and value > 0):
                raise CapacityInvalid(name, value, "Give a number above 0.")

    @property
    def workable(self) -> float:
        """Leads a day that can be worked, on average, so that on 95 % of days none waits beyond the agreed time."""
        per_day = self.rep_hours * 60 / self.minutes_a_lead
        if self.sla_hours is None:
            return per_day
        window = min(self.sla_hours / WORKDAY_HOURS, 1.0)
        within = per_day * window
        return ((-BUSY_DAYS + np.sqrt(BUSY_DAYS**2 + 4 * within)) / 2) ** 2 / window

    @property
    def break_even(self) -> float | None:
        """The probability from which on working a lead pays; None without value and cost."""
        if self.deal_value is None or self.hour_cost is None:
            return None
        return min(self.hour_cost * self.minutes_a_lead / 60 / self.deal_value, 1.0)


@dataclass(frozen=True)
class Cut:
    """A proposed threshold: what it lets through, what the scores said, and what happened, with 95 % intervals."""

    band: str
    enter: float
    because: str
    enter_low: float
    enter_high: float
    share: float
    leads_a_day: float
    expected_rate: float
    observed_rate: float
    observed_low: float
    observed_high: float

    @property
    def is_calibrated(self) -> bool:
        """Whether what the scores above the cut promise lies in the interval of what happened."""
        return self.observed_low <= self.expected_rate <= self.observed_high

    def to_json(self) -> dict[str, Any]:
        """The cut as plain JSON."""
        return {**asdict(self), "is_calibrated": self.is_calibrated}


def propose(y: Floats, p: Floats, capacity: Capacity, seed: int = 7, weight: Floats | None = None) -> tuple[Cut, ...]:
    """Cuts for hot, warm and nurture from unseen leads, one row a lead: labels 0/1 and calibrated probabilities.

    With `weight` each lead stands for as many, so that shares and rates are those of all leads (D. Horvitz,
    D. Thompson, 1952), and the effective sample must reach 50.

    hot: what capacity lets through, and never below where working pays; warm: where working pays, else twice what can
    be worked; nurture: the better half. Where everybody can be worked and pays, bands only order the work: the best
    fifth and the best half - a jump from nearly everybody, which the hot cut of nearly enough capacity says. Raises
    CapacityInvalid, also under 50 leads.
    """
    capacity.check()
    require_leads(len(p), weight)
    drawn, leads = _resampled(len(p), seed), _Leads(y, p, weight)
    return tuple(_in_order([_judged(leads, capacity, drawn, *one) for one in _asked(leads, capacity)]))


def require_leads(unseen: int, weight: Floats | None = None) -> None:
    """Raises CapacityInvalid where there are too few unseen leads, or they count too little, to judge a cut by."""
    counted = int(effective(weight, unseen))
    if counted < FEWEST_LEADS:
        as_many = "" if weight is None else f", and {unseen} worked ones count as {counted} by their weights"
        raise CapacityInvalid(
            "leads", counted, f"At least {FEWEST_LEADS} unseen leads are needed{as_many}: load a longer history."
        )


@dataclass(frozen=True)
class _Leads:
    """Labels and probabilities of leads, and what each counts (None: all alike)."""

    y: Floats
    p: Floats
    weight: Floats | None

    def of(self, at: np.ndarray) -> "_Leads":
        """Those of the places, which may come more than once."""
        return _Leads(self.y[at], self.p[at], None if self.weight is None else self.weight[at])

    def cut(self, share: float) -> float:
        """The threshold that lets this share of the leads through."""
        if self.weight is None:
            return float(np.quantile(self.p, 1 - share))
        return float(np.quantile(self.p, 1 - share, weights=self.weight, method="inverted_cdf"))

    def share_above(self, enter: float) -> float:
        """The share of the leads whose probability is at least this."""
        return float(np.average(self.p >= enter, weights=self.weight))

    def rate_above(self, enter: float, what: Floats) -> float | None:
        """The mean of `what` of those leads, None where there is none."""
        above = self.p >= enter
        counted = None if self.weight is None else self.weight[above]
        return float(np.average(what[above], weights=counted)) if above.any() else None


def _asked(leads: _Leads, capacity: Capacity) -> list[tuple[str, float, float | None, str]]:
    """Band, share of the leads, a fixed threshold if there is one, and why."""
    worked = min(capacity.workable / capacity.leads_a_day, 1.0)
    pays = capacity.break_even
    by_capacity = pays is None or leads.cut(worked) >= pays
    if worked == 1.0 and by_capacity:
        return [("hot", ORDERED[0], None, SPARE), ("warm", ORDERED[1], None, SPARE), ("nurture", 1.0, None, SPARE)]
    warm = pays if by_capacity else None
    scarce = NEARLY_ALL if worked >= NEARLY else "capacity"
    return [
        ("hot", worked, None if by_capacity else pays, scarce if by_capacity else "value"),
        ("warm", min(2 * worked, 1.0), warm, "twice the capacity" if warm is None else "value"),
        ("nurture", max(NURTURED, min(2 * worked, 1.0)), None, "the better half"),
    ]


def _resampled(leads: int, seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return chance.integers(0, leads, (rounds_for(leads), leads))


def _judged(
    leads: _Leads,
    capacity: Capacity,
    draws: np.ndarray,
    band: str,
    share: float,
    fixed: float | None,
    because: str,
) -> Cut:
    enter = leads.cut(share) if fixed is None else fixed
    again = [leads.of(one) for one in draws]
    moved = [one.cut(share) if fixed is None else fixed for one in again]
    rates = [rate for one in again if (rate := one.rate_above(enter, one.y)) is not None]
    said, came = leads.rate_above(enter, leads.p), leads.rate_above(enter, leads.y)
    above = leads.share_above(enter)
    low, high = np.quantile(moved, [0.025, 0.975])
    worst, best = np.quantile(rates, [0.025, 0.975]) if rates else (0.0, 1.0)
    return Cut(
        band,
        round(enter, 4),
        because,
        round(float(low), 4),
        round(float(high), 4),
        above,
        above * capacity.leads_a_day,
        enter if said is None else said,
        0.0 if came is None else came,
        float(worst),
        float(best),
    )


def _in_order(found: list[Cut]) -> list[Cut]:
    """The cuts from hot down; one that is not below the one above it is left out."""
    kept: list[Cut] = []
    for one in found:
        if not kept or one.enter < kept[-1].enter:
            kept.append(one)
    return kept
