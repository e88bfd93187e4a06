"""Drift measured in decisions: who would stand elsewhere if a feature still looked as it did in the reference."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from core.monitoring.drift import Comparison
from core.monitoring.report import DriftReport, DriftSpec, FeatureDrift

Decide = Callable[[pl.DataFrame], pl.DataFrame]


def with_decisions_moved(
    comparison: Comparison,
    reference: pl.DataFrame,
    current: pl.DataFrame,
    decide: Decide,
    spec: DriftSpec,
    label_rate_change: float | None,
) -> DriftReport:
    """The report with decisions moved: each drifted feature's values replaced by a draw from the reference.

    decide: frame of features → frame with `band` and `pool` a row. A lead is moved where either changes in one of its
    rows (`lead_id`): a lead that is looked at several times counts once.
    """
    before, leads = decide(current), current["lead_id"]
    drifted = [feature.name for feature in comparison.features if feature.verdict == "drift"]
    moved = {name: _moved(leads, before, decide(_drawn(current, reference, [name], spec.seed))) for name in drifted}
    together = _moved(leads, before, decide(_drawn(current, reference, drifted, spec.seed))) if drifted else 0
    features = tuple(_with_moves(feature, moved) for feature in comparison.features)
    return DriftReport(
        spec,
        features,
        None if comparison.score_psi is None else round(comparison.score_psi, 6),
        label_rate_change,
        together,
        leads.n_unique(),
        comparison.distributions,
        comparison.page,
    )


def _with_moves(feature: FeatureDrift, moved: dict[str, int]) -> FeatureDrift:
    return replace(feature, decisions_moved=moved.get(feature.name, 0))


def _drawn(current: pl.DataFrame, reference: pl.DataFrame, names: Sequence[str], seed: int) -> pl.DataFrame:
    """The current rows with the named columns taken from reference rows drawn at random; one draw for all columns."""
    rows = np.random.default_rng(seed).integers(0, reference.height, current.height)
    drawn = reference.select(names)[rows.tolist()]
    return current.with_columns(drawn.get_column(name).alias(name) for name in names)


def _moved(leads: pl.Series, before: pl.DataFrame, after: pl.DataFrame) -> int:
    pairs = [(before[name], after[name]) for name in ("band", "pool")]
    changed = [~left.eq_missing(right) for left, right in pairs]
    return leads.filter(changed[0] | changed[1]).n_unique()
