"""How many leads come into which pools, and at which hours of the week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from core.simulation.capacity.hours import WEEK
from core.simulation.capacity.queueing import Arrival

LEAST_ARRIVALS = 20
RECENT = timedelta(days=28)
HOURS = 168
COLUMNS = ("pool", "sla_min", "priority")


@dataclass(frozen=True)
class Demand:
    """What comes into the pools: `marks` (pool, sla_min, priority: a row a lead seen), leads a week, and each hour's
    share of a week's leads (168, from Monday 00:00 UTC).
    """

    marks: pl.DataFrame
    per_week: float
    profile: Sequence[float]

    def by_pool(self) -> dict[str, float]:
        """Leads a week that are routed to each pool."""
        sizes = self.marks["pool"].value_counts().sort("pool")
        return {pool: self.per_week * count / self.marks.height for pool, count in sizes.iter_rows()}


def of_entries(entered: pl.DataFrame, created: Mapping[str, datetime], profile: Sequence[float]) -> Demand | None:
    """The demand in a rolled history: leads that came into a pool after it began; None where there are too few.

    `entered`: lead_id, moment, is_first and the marks. A lead that was there when the history begins is stock, no
    arrival.
    """
    first, last = entered["moment"].min(), entered["moment"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime) or last == first:
        return None
    born = entered.join(_created(created), on="lead_id", how="left")
    arrived = ~pl.col("is_first") | (pl.col("created_at") > first)
    return _demand(born.filter((pl.col("moment") > first) & arrived.fill_null(False)), last - first, profile)


def of_created(
    decided: pl.DataFrame, created: Mapping[str, datetime], until: datetime | None, profile: Sequence[float]
) -> Demand | None:
    """The demand as the leads of the last four weeks, each in its pool now; None where they are too few, or undated.

    `decided`: lead_id, disposition and the marks.
    """
    dated = decided.join(_created(created), on="lead_id").drop_nulls("created_at")
    oldest = dated["created_at"].min()
    if until is None or not isinstance(oldest, datetime):
        return None
    since = max(oldest, until - RECENT)
    recent = dated.filter((pl.col("created_at") >= since) & (pl.col("disposition") == "PERMIT"))
    return _demand(recent, until - since, profile)


def draw(demand: Demand, weeks: int, minutes: float, rng: np.random.Generator) -> tuple[list[Arrival], np.ndarray]:
    """So many weeks of arrivals in order of time, and the row of `marks` that each was drawn from.

    Each hour's number is Poisson with the rate that the profile gives it; who comes is drawn from those seen; handling
    times are exponential with that mean.
    """
    rates = np.tile(np.asarray(demand.profile) * demand.per_week, weeks)
    counts = rng.poisson(rates)
    at = np.sort(np.repeat(np.arange(HOURS * weeks) * 60.0, counts) + rng.uniform(0, 60, int(counts.sum())))
    who = rng.integers(0, demand.marks.height, len(at))
    works = rng.exponential(minutes, len(at))
    pools, priorities = demand.marks["pool"].to_list(), demand.marks["priority"].fill_null(0).to_list()
    rows = zip(at.tolist(), who.tolist(), works.tolist(), strict=True)
    return [Arrival(moment, pools[row], work, priorities[row]) for moment, row, work in rows], who


def profile_of(by_hour: Mapping[int, int]) -> list[float]:
    """Each hour's share of a week's events by hour of the week; even where nothing is known."""
    total = sum(by_hour.values())
    return [by_hour.get(hour, 0) / total if total else 1 / HOURS for hour in range(HOURS)]


def _created(created: Mapping[str, datetime]) -> pl.DataFrame:
    rows = {"lead_id": list(created), "created_at": list(created.values())}
    return pl.DataFrame(rows, schema={"lead_id": pl.String, "created_at": pl.Datetime("us")})


def _demand(seen: pl.DataFrame, span: timedelta, profile: Sequence[float]) -> Demand | None:
    marks = seen.filter(pl.col("pool").is_not_null()).sort("lead_id").select(COLUMNS)
    if marks.height < LEAST_ARRIVALS:
        return None
    return Demand(marks, marks.height * WEEK / max(span.total_seconds() / 60, 1_440), profile)
