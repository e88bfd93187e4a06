"""The harm check: whom a change of policy stops, group by group, with how sure that is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from core.simulation.one_step import Simulation

LEAST_LEADS = 30
ALPHA = 0.05
PLACES = 6
VERDICTS = ("worse", "better", "unclear", "unchanged", "not_enough_leads")


@dataclass(frozen=True)
class Share:
    """How many of a group's leads are held or denied, as a share with its 95 % interval."""

    stopped: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Harm:
    """One group before and after: `change` is in shares, `p` is of McNemar's exact test, adjusted by Holm.

    `gap` is how much larger the share afterwards is in this group than in all others, with its interval; None where
    either side has too few leads. verdict: worse, better, unclear, unchanged or not_enough_leads.
    """

    dimension: str
    group: str
    leads: int
    before: Share | None
    after: Share | None
    newly_stopped: int
    newly_free: int
    change: float | None
    change_low: float | None
    change_high: float | None
    p: float | None
    gap: tuple[float, float, float] | None
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """The group as the simulation prints it."""
        sides = {"before": self.before and vars(self.before), "after": self.after and vars(self.after)}
        gap = dict(zip(("difference", "low", "high"), self.gap, strict=True)) if self.gap else None
        return {**vars(self), **sides, "gap": gap}


@dataclass(frozen=True)
class Counted:
    """A group's leads, and how many are stopped on both sides, only before, only afterwards."""

    dimension: str
    group: str
    leads: int
    both: int
    freed: int
    caught: int
    others: int
    others_after: int


def harm(simulation: Simulation, groups: pl.DataFrame) -> list[Harm]:
    """Each group of each dimension (columns of `groups` beside lead_id); a group of under 30 leads gets no verdict.

    Intervals: Wilson for a share; Agresti and Min (2005) for the change, since the same leads stand on both sides;
    Newcombe for the gap to all other leads. A change is worse or better where McNemar's exact test rejects after Holm's
    adjustment over all groups.
    """
    counted = [one for name in groups.columns if name != "lead_id" for one in _counted(simulation, groups, name)]
    tested = [one for one in counted if one.leads >= LEAST_LEADS]
    adjusted = dict(zip((_key(one) for one in tested), _adjusted(tested), strict=True))
    return [_judged(one, adjusted.get(_key(one))) for one in counted]


def _key(one: Counted) -> tuple[str, str]:
    return one.dimension, one.group


def _counted(simulation: Simulation, groups: pl.DataFrame, dimension: str) -> Iterator[Counted]:
    """The groups of one dimension, the largest first."""
    stopped = [(pl.col(f"disposition_{when}") != "PERMIT").alias(when) for when in ("before", "after")]
    rows = simulation.leads.select("lead_id", *stopped).join(groups.select("lead_id", dimension), on="lead_id")
    found = rows.group_by(pl.col(dimension).alias("group")).agg(
        leads=pl.len(),
        both=(pl.col("before") & pl.col("after")).sum(),
        freed=(pl.col("before") & ~pl.col("after")).sum(),
        caught=(~pl.col("before") & pl.col("after")).sum(),
    )
    total, after = rows.height, int(rows["after"].sum())
    for row in found.sort("leads", "group", descending=[True, False]).iter_rows(named=True):
        mine = row["both"] + row["caught"]
        yield Counted(dimension, others=total - row["leads"], others_after=after - mine, **row)


def _adjusted(tested: list[Counted]) -> list[float]:
    """McNemar's exact p of each group, by Holm over all of them."""
    from statsmodels.stats.contingency_tables import mcnemar
    from statsmodels.stats.multitest import multipletests

    if not tested:
        return []
    tables = [[[one.both, one.freed], [one.caught, 0]] for one in tested]
    found = [float(mcnemar(table, exact=True).pvalue) if table[0][1] + table[1][0] else 1.0 for table in tables]  # type: ignore[attr-defined]
    rejected = multipletests(found, alpha=ALPHA, method="holm")
    return [round(float(p), PLACES) for p in rejected[1]]  # type: ignore[union-attr]


def _judged(one: Counted, p: float | None) -> Harm:
    if p is None:
        shares, change, gap, verdict = (None, None), (None, None, None), None, "not_enough_leads"
    else:
        shares = (_share(one.both + one.freed, one.leads), _share(one.both + one.caught, one.leads))
        change, gap, verdict = _change(one), _gap(one), _verdict(one, p)
    return Harm(
        one.dimension, one.group, one.leads, *shares, one.caught, one.freed, *change, p=p, gap=gap, verdict=verdict
    )


def _verdict(one: Counted, p: float) -> str:
    if one.caught == one.freed == 0:
        return "unchanged"
    if p >= ALPHA:
        return "unclear"
    return "worse" if one.caught > one.freed else "better"


def _share(stopped: int, leads: int) -> Share:
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(stopped, leads, alpha=ALPHA, method="wilson")
    return Share(stopped, *(round(float(one), PLACES) for one in (stopped / leads, low, high)))  # type: ignore[arg-type]


def _change(one: Counted) -> tuple[float, float, float]:
    """The change of the share and its interval: Wald's for paired shares with half a lead added to each cell."""
    leads, caught, freed = one.leads + 2, one.caught + 0.5, one.freed + 0.5
    middle = (caught - freed) / leads
    width = 1.959964 * max(caught + freed - (caught - freed) ** 2 / leads, 0.0) ** 0.5 / leads
    exact = (one.caught - one.freed) / one.leads
    return round(exact, PLACES), round(max(middle - width, -1.0), PLACES), round(min(middle + width, 1.0), PLACES)


def _gap(one: Counted) -> tuple[float, float, float] | None:
    from statsmodels.stats.proportion import confint_proportions_2indep

    if one.others < LEAST_LEADS:
        return None
    mine = one.both + one.caught
    low, high = confint_proportions_2indep(mine, one.leads, one.others_after, one.others, method="newcomb")  # type: ignore[misc]
    difference = mine / one.leads - one.others_after / one.others
    return round(difference, PLACES), round(float(low), PLACES), round(float(high), PLACES)
