"""What a simulation comes to: counts, SLA minutes, and the changes by region, segment and the like."""

import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from core.simulation.one_step import OUTPUTS, Simulation

PLACES = 4
MASK = "•••"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


def numbers(simulation: Simulation) -> dict[str, Any]:
    """leads, changed, by_output (how many leads each output differs for), and who is newly eligible, held, denied."""
    return {
        "leads": simulation.leads.height,
        "changed": simulation.changed.height,
        "by_output": {name: simulation.differing(name) for name in OUTPUTS},
        "newly_eligible": simulation.newly("PERMIT").height,
        "newly_held": simulation.newly("HOLD").height,
        "newly_denied": simulation.newly("DENY").height,
    }


def sla(simulation: Simulation) -> dict[str, Any]:
    """The agreed minutes before and after: means over the leads that have any, and the change over those with both."""
    rows = simulation.leads
    sides = {when: rows[f"sla_min_{when}"] for when in ("before", "after")}
    delta = (sides["after"] - sides["before"]).drop_nulls()
    return {
        "leads": len(delta),
        "mean_before": _mean(sides["before"]),
        "mean_after": _mean(sides["after"]),
        "sooner": int((delta < 0).sum()),
        "later": int((delta > 0).sum()),
        "delta": int(delta.sum()),
        "mean_delta": _mean(delta),
    }


def _mean(minutes: pl.Series) -> float | None:
    """The mean of whole minutes, summed exactly."""
    known = minutes.drop_nulls()
    return round(int(known.sum()) / len(known), PLACES) if len(known) else None


def by_group(simulation: Simulation, groups: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Each group of each dimension with its leads, how many change, and how the SLA minutes move; largest first."""
    changed = simulation.changed.select("lead_id", changed=pl.lit(True))
    newly = [_newly(word).alias(name) for word, name in NEWLY.items()]
    rows = simulation.leads.join(changed, on="lead_id", how="left").with_columns(*newly)
    rows = rows.join(groups, on="lead_id", how="left")
    for dimension in (name for name in groups.columns if name != "lead_id"):
        found = rows.group_by(pl.col(dimension).alias("group")).agg(
            leads=pl.len(),
            changed=pl.col("changed").sum(),
            **{name: pl.col(name).sum() for name in NEWLY.values()},
            sla_delta=(pl.col("sla_min_after") - pl.col("sla_min_before")).sum(),
        )
        for row in found.sort("leads", "group", descending=[True, False]).iter_rows(named=True):
            yield {"dimension": dimension, **row}


NEWLY = {"PERMIT": "newly_eligible", "HOLD": "newly_held", "DENY": "newly_denied"}


def _newly(word: str) -> pl.Expr:
    return (pl.col("disposition_after") == word) & (pl.col("disposition_before") != word)


def listed(rows: pl.DataFrame, most: int) -> list[str]:
    """The first ids in order; one that holds an e-mail address is masked."""
    return [_ADDRESS.sub(MASK, lead_id) for lead_id in rows["lead_id"].sort().head(most)]
