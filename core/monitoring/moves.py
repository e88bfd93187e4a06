"""Drift measured in decisions: who would stand elsewhere if a feature still looked as it did in the reference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from core.monitoring.report import STILL, Moves

Decide = Callable[[pl.DataFrame], pl.DataFrame]


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
) -> Moved:
    """The decisions moved where the drifted features' values are replaced by those of reference rows drawn at random.

    decide: frame of features → frame with `band`, `pool` and `score` a row. A lead is moved where band or pool changes
    in one of its rows (`lead_id`): a lead that is looked at several times counts once. groups: name → its features.
    """
    if not drifted or not reference.height:
        return Moved({}, dict.fromkeys(groups, STILL), STILL, {})
    before = decide(current).with_columns(current["lead_id"])
    rows = np.random.default_rng(seed).integers(0, reference.height, current.height).tolist()
    found: dict[tuple[str, ...], tuple[Moves, list[str]]] = {}

    def moved(names: Sequence[str]) -> tuple[Moves, list[str]]:
        key = tuple(name for name in drifted if name in set(names))
        if key and key not in found:
            drawn = reference.select(key)[rows]
            found[key] = _moved(before, decide(current.with_columns(drawn[name] for name in key)))
        return found[key] if key else (STILL, [])

    single = {name: moved([name]) for name in drifted}
    return Moved(
        {name: one for name, (one, _) in single.items()},
        {name: moved(names)[0] for name, names in groups.items()},
        moved(drifted)[0],
        {name: leads for name, (_, leads) in single.items()},
    )


def _moved(before: pl.DataFrame, after: pl.DataFrame) -> tuple[Moves, list[str]]:
    band, pool = (~before[name].eq_missing(after[name]) for name in ("band", "pool"))
    rows = before.with_columns(band_moved=band, pool_moved=pool, lost=after["score"] - before["score"])
    leads = (
        rows.filter(pl.col("band_moved") | pl.col("pool_moved"))
        .group_by("lead_id", maintain_order=True)
        .agg(pl.col("band_moved").any(), pl.col("pool_moved").any(), pl.col("lost").mean())
    )
    counted = Moves(
        leads.height,
        int(leads["band_moved"].sum()),
        int(leads["pool_moved"].sum()),
        round(float(leads["lost"].sum()), 3) + 0.0,
    )
    return counted, leads["lead_id"].to_list()
