"""What leak detection knows of each lead, and the form of a finding."""

from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Literal

import polars as pl

PURITY = 0.98
CHANCE = 1e-3
AT_OUTCOME = 0.9
FEWEST_LEADS = 5


@dataclass(frozen=True)
class LeadHistory:
    """All that is on record, before and after any as_of; times are naive UTC and may be null.

    events: lead_id, type, occurred_at. leads: lead_id, created_at. outcomes: lead_id, outcome, at.
    attributes: lead_id and one column an attribute. attribute_times: lead_id, name, valid_from of the first value.
    """

    events: pl.DataFrame
    leads: pl.DataFrame
    outcomes: pl.DataFrame
    attributes: pl.DataFrame
    attribute_times: pl.DataFrame


@dataclass(frozen=True)
class Suspect:
    """A suspected leak: its name in results, the event type or column it stands for, the evidence, its own AUC."""

    name: str
    kind: Literal["event_type", "column"]
    key: str
    rules: tuple[str, ...]
    evidence: str
    auc_alone: float


def lead_facts(history: LeadHistory, rows: pl.DataFrame, positive: str) -> pl.DataFrame:
    """One row a lead whose class is known: lead_id, created_at, decided_at, positive, part.

    The class is that of its outcomes, else of its rows (a lead that did not win within the horizon).
    """
    decided = history.outcomes.group_by("lead_id").agg(
        pl.col("at").cast(pl.Datetime("us")).min().alias("decided_at"),
        (pl.col("outcome") == positive).any().alias("won"),
    )
    used = pl.col("part").filter(pl.col("part") != "dropped")
    labelled = rows.group_by("lead_id").agg((pl.col("y").max() == 1).alias("labelled"), used.first())
    joined = (
        history.leads.select("lead_id", pl.col("created_at").cast(pl.Datetime("us")))
        .join(decided, on="lead_id", how="left")
        .join(labelled, on="lead_id", how="left")
    )
    known = joined.with_columns(pl.coalesce("won", "labelled").alias("positive"))
    return known.filter(pl.col("positive").is_not_null()).drop("won", "labelled").sort("lead_id")


def one_sided(of_class: int, leads: int, base: float, tried: int) -> bool:
    """Whether at least 98 % of the leads are of one class, beyond chance at 1 in 1,000 over all signs tried."""
    opposite = leads - of_class
    if leads < FEWEST_LEADS or opposite > (1 - PURITY) * leads or not 0 < base < 1:
        return False
    much_rarer = opposite <= 0.2 * (1 - base) * leads
    return much_rarer and _at_most(opposite, leads, 1 - base) * max(tried, 1) < CHANCE


def _at_most(count: int, trials: int, chance: float) -> float:
    """P(X <= count) of a binomial variable."""
    choose = [lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1) for k in range(count + 1)]
    return sum(exp(ways + k * log(chance) + (trials - k) * log(1 - chance)) for k, ways in enumerate(choose))


def percent(share: float) -> str:
    """A share for people: whole per cents, one decimal close to the ends."""
    value = 100.0 * share
    return f"{value:.0f} %" if 1 <= value <= 99 or value in (0, 100) else f"{value:.1f} %"
