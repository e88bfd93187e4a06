"""Data and prediction drift by Evidently, at its one home; thresholds know the sample sizes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from core.monitoring.report import Distribution, DriftSpec, FeatureDrift, Verdict

SCORE = "score"
FEW_LEVELS = 20
EMPTY_SHARE = 0.0001
EMPTY_TAILS = 2
SHOWN_BINS = 12


@dataclass(frozen=True)
class Column:
    """A column to compare, with its business name."""

    name: str
    label: str
    categorical: bool


@dataclass(frozen=True)
class Comparison:
    """Evidently's findings: one row a column, the score's index, the shown distributions and the HTML page."""

    features: tuple[FeatureDrift, ...]
    score_psi: float | None
    distributions: dict[str, Distribution]
    page: bytes


def compare(reference: pl.DataFrame, current: pl.DataFrame, columns: Sequence[Column], spec: DriftSpec) -> Comparison:
    """Compare two frames (columns and `score`) on a stated sample of each.

    The statistic is the population stability index. Without drift its expectation grows as the samples shrink, so the
    threshold is the chi-square quantile of its null distribution, Bonferroni-corrected over the columns, and never
    under the floor (B. Yurdakul, Statistical properties of population stability index, 2018).
    """
    left, right = (sampled(frame, spec) for frame in (reference, current))
    judged = [column for column in columns if _enough(left, right, column.name, spec)]
    scored = [Column(SCORE, "Score", False)] if _enough(left, right, SCORE, spec) else []
    statistics, page = _evidently(left, right, [*judged, *scored]) if judged or scored else ({}, b"")
    features = tuple(
        _verdict(left, right, column, statistics.get(column.name), len(columns), spec) for column in columns
    )
    shown = {column.name: distribution(left, right, column) for column in [*columns, *scored]}
    return Comparison(features, statistics.get(SCORE), shown, page)


def sampled(frame: pl.DataFrame, spec: DriftSpec) -> pl.DataFrame:
    """At most `spec.sample` rows of the frame, drawn with the spec's seed."""
    if frame.height <= spec.sample:
        return frame
    return frame.sample(spec.sample, seed=spec.seed)


def threshold(left: int, right: int, bins: int, columns: int, spec: DriftSpec) -> float:
    """The index that samples of these sizes exceed by chance less often than the error rate over all columns."""
    from scipy.stats import chi2

    quantile = float(chi2.ppf(1.0 - spec.error_rate / max(columns, 1), max(bins - 1, 1)))
    return max(spec.floor, quantile * (1.0 / left + 1.0 / right) + _empty_bins(left) + _empty_bins(right))


def _empty_bins(rows: int) -> float:
    """What one value in each of two tail bins adds where the other side's bins are empty, which Evidently fills."""
    return EMPTY_TAILS * max(0.0, float(np.log(1.0 / (rows * EMPTY_SHARE)))) / rows


def distribution(reference: pl.DataFrame, current: pl.DataFrame, column: Column) -> Distribution:
    """The shares that the drift chart draws; numeric bins have equal widths between the 1st and 99th percentile."""
    left, right = (frame[column.name].drop_nulls() for frame in (reference, current))
    if column.categorical or left.dtype in (pl.String, pl.Boolean):
        return _levels(left.cast(pl.String), right.cast(pl.String))
    return _bins(left.cast(pl.Float64).to_numpy(), right.cast(pl.Float64).to_numpy())


def _enough(left: pl.DataFrame, right: pl.DataFrame, name: str, spec: DriftSpec) -> bool:
    return all(name in frame.columns and frame[name].drop_nulls().len() >= spec.fewest for frame in (left, right))


def _verdict(
    left: pl.DataFrame, right: pl.DataFrame, column: Column, statistic: float | None, columns: int, spec: DriftSpec
) -> FeatureDrift:
    rows = left[column.name].drop_nulls().len(), right[column.name].drop_nulls().len()
    if statistic is None:
        return FeatureDrift(column.name, column.label, None, None, "not_enough_data", *rows)
    limit = threshold(*rows, _bin_count(left[column.name], right[column.name], column), columns, spec)
    verdict: Verdict = "drift" if statistic > limit else "stable"
    return FeatureDrift(column.name, column.label, round(statistic, 6), round(limit, 6), verdict, *rows)


def _bin_count(left: pl.Series, right: pl.Series, column: Column) -> int:
    """How many bins Evidently's index has: one a level, or by Sturges' rule over both samples."""
    kind = pl.String if column.categorical else pl.Float64
    values = pl.concat([left.cast(kind), right.cast(kind)]).drop_nulls()
    if column.categorical or left.drop_nulls().n_unique() <= FEW_LEVELS:
        return values.n_unique()
    return int(np.ceil(np.log2(values.len()))) + 1


def _evidently(left: pl.DataFrame, right: pl.DataFrame, columns: Sequence[Column]) -> tuple[dict[str, float], bytes]:
    os.environ["ITERATIVE_DO_NOT_TRACK"] = "1"
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    numeric = [column.name for column in columns if not column.categorical]
    words = [column.name for column in columns if column.categorical]
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=words)
    reference, current = (
        Dataset.from_pandas(_pandas(frame, columns), data_definition=definition) for frame in (left, right)
    )
    report = Report([ValueDrift(column=column.name, method="psi") for column in columns])
    snapshot = report.run(current, reference)
    found = {item["config"]["column"]: float(item["value"]) for item in snapshot.dict()["metrics"]}
    return found, snapshot.get_html_str(as_iframe=False).encode()


def _pandas(frame: pl.DataFrame, columns: Sequence[Column]) -> Any:
    return frame.select(
        pl.col(column.name).cast(pl.String if column.categorical else pl.Float64) for column in columns
    ).to_pandas()


def _levels(left: pl.Series, right: pl.Series) -> Distribution:
    counts = [dict(side.value_counts().rows()) for side in (left, right)]
    names = sorted(set(counts[0]) | set(counts[1]), key=lambda name: (-counts[0].get(name, 0), name))[:SHOWN_BINS]
    shares = [tuple(count.get(name, 0) / max(sum(count.values()), 1) for name in names) for count in counts]
    return Distribution(tuple(names), shares[0], shares[1])


def _bins(left: np.ndarray, right: np.ndarray) -> Distribution:
    both = np.concatenate([left, right])
    if len(both) == 0:
        return Distribution((), (), ())
    low, high = np.quantile(both, [0.01, 0.99])
    edges = np.linspace(low, high if high > low else low + 1.0, SHOWN_BINS + 1)
    shares = [_shares(side, edges) for side in (left, right)]
    labels = tuple(f"{start:.4g} to {end:.4g}" for start, end in pairwise(edges))
    return Distribution(labels, shares[0], shares[1])


def _shares(values: np.ndarray, edges: np.ndarray) -> tuple[float, ...]:
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    return tuple((counts / max(len(values), 1)).tolist())
