"""Drift measured in decisions: who would stand elsewhere if a feature still looked as it did in the reference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from core.models.worked import WEIGHT
from core.monitoring.report import STILL, Moves

Decide = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Owners:
    """Who has a lead now (lead_id → assignee), and who may have the leads of each pool."""

    now: Mapping[str, str] = field(repr=False)
    reps: Mapping[str, frozenset[str]]

    def would_change(self, lead_id: str, pool: str | None) -> bool:
        """Whether somebody has the lead who is none of that pool's reps."""
        owner = self.now.get(lead_id)
        return owner is not None and owner not in self.reps.get(pool or "", frozenset())


@dataclass(frozen=True)
class Moved:
    """What drifted moves: by feature, by group of features, all together; and the leads that each feature moves."""

    features: Mapping[str, Moves]
    groups: Mapping[str, Moves]
    together: Moves
    leads: Mapping[str, list[str]] = field(repr=False)


def count_moves(
    drifted: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    reference: pl.DataFrame,
    current: pl.DataFrame,
    decide: Decide,
    seed: int,
    owners: Owners | None = None,
) -> Moved:
    """The decisions moved where the drifted features' values are replaced by those of reference rows drawn at random.

    decide: frame of features → frame with `band`, `pool` and `score` a row. A lead is moved where band or pool changes
    in one of its rows (`lead_id`): one that is looked at several times counts once, or its WEIGHT where rows have it.
    groups: name → its features. owners: who has the leads, where anybody has any.
    """
    still = STILL if owners is None else replace(STILL, owners=0)
    if not drifted or not reference.height:
        return Moved({}, dict.fromkeys(groups, still), still, {})
    counts = current[WEIGHT] if WEIGHT in current.columns else pl.lit(1.0).alias(WEIGHT)
    before = decide(current).with_columns(current["lead_id"], counts)
    rows = np.random.default_rng(seed).integers(0, reference.height, current.height).tolist()
    found: dict[tuple[str, ...], tuple[Moves, list[str]]] = {}

    def moved(names: Sequence[str]) -> tuple[Moves, list[str]]:
        key = tuple(name for name in drifted if name in set(names))
        if key and key not in found:
            drawn = reference.select(key)[rows]
            found[key] = _moved(before, decide(current.with_columns(drawn[name] for name in key)), owners)
        return found[key] if key else (still, [])

    single = {name: moved([name]) for name in drifted}
    return Moved(
        {name: one for name, (one, _) in single.items()},
        {name: moved(names)[0] for name, names in groups.items()},
        moved(drifted)[0],
        {name: leads for name, (_, leads) in single.items()},
    )


def _moved(before: pl.DataFrame, after: pl.DataFrame, owners: Owners | None) -> tuple[Moves, list[str]]:
    band, pool = (~before[name].eq_missing(after[name]) for name in ("band", "pool"))
    rows = before.with_columns(
        band_moved=band, pool_moved=pool, lost=after["score"] - before["score"], pool_then=after["pool"]
    )
    leads = (
        rows.filter(pl.col("band_moved") | pl.col("pool_moved"))
        .group_by("lead_id", maintain_order=True)
        .agg(pl.col("band_moved").any(), pl.col("pool_moved").any(), pl.col("lost").mean(), pl.col(WEIGHT).max())
    )
    counted = Moves(
        worth(leads),
        worth(leads.filter("band_moved")),
        worth(leads.filter("pool_moved")),
        round(float((leads["lost"] * leads[WEIGHT]).sum()), 3) + 0.0,
        None if owners is None else worth(_of_other_owners(rows.filter("pool_moved"), owners)),
    )
    return counted, leads["lead_id"].to_list()


def worth(rows: pl.DataFrame) -> int:
    """How many leads these are: each once, or as much as its weight in whole leads; at least one where there is one."""
    weight = pl.col(WEIGHT).max() if WEIGHT in rows.columns else pl.lit(1.0).alias(WEIGHT)
    leads = rows.group_by("lead_id").agg(weight)
    return max(round(float(leads[WEIGHT].sum())), 1) if leads.height else 0


def _of_other_owners(moved: pl.DataFrame, owners: Owners) -> pl.DataFrame:
    would = [owners.would_change(lead_id, pool) for lead_id, pool in moved.select("lead_id", "pool_then").iter_rows()]
    return moved.filter(pl.Series(would, dtype=pl.Boolean))
