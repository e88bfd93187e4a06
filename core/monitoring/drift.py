"""Data and prediction drift by Evidently, at its one home; thresholds know the sample sizes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from core.monitoring.report import Distribution, DriftSpec, FeatureDrift, Verdict
from core.monitoring.samples import comparable, sampled, unseen_share

SCORE, LABEL = "score", "y"
FEW_LEVELS = 20
EMPTY_SHARE = 0.0001
LEAST_MISSING = 0.005
EMPTY_TAILS = 2
LABEL_FLOOR = 0.01
SHOWN_BINS = 12


@dataclass(frozen=True)
class Column:
    """A column to compare, with its business name."""

    name: str
    label: str
    categorical: bool


COMPARISONS = 2
"""Of each column: its values, and its share of missing ones."""
OWN = (Column(SCORE, "Score", False), Column(LABEL, "Outcome", True))


@dataclass(frozen=True)
class Judge:
    """How a statistic is judged: beside how many others, by which spec, with how many leads a row on each side."""

    comparisons: int
    spec: DriftSpec
    leads: tuple[float, float]

    def limit(self, left: int, right: int, bins: int) -> float:
        """The threshold for so many rows a side."""
        counted = [max(round(rows * share), 1) for rows, share in zip((left, right), self.leads, strict=True)]
        return threshold(counted[0], counted[1], bins, self.comparisons, self.spec)


@dataclass(frozen=True)
class Comparison:
    """Evidently's findings: one row a column, the score's and the label's own, shown distributions, the HTML page."""

    features: tuple[FeatureDrift, ...]
    score: FeatureDrift | None
    label: FeatureDrift | None
    distributions: dict[str, Distribution]
    page: bytes


def compare(reference: pl.DataFrame, current: pl.DataFrame, columns: Sequence[Column], spec: DriftSpec) -> Comparison:
    """Compare two frames (columns; `score` and `y` where there are any) on a stated sample of each.

    The statistic is the population stability index. Without drift its expectation grows as the samples shrink, so the
    threshold is the chi-square quantile of its null distribution, Bonferroni-corrected over both comparisons of every
    column, and never under the floor (B. Yurdakul, Statistical properties of population stability index, 2018). Rows of
    one lead are not independent, so a sample counts with its leads. A share of missing values that moved is judged in
    the same way, but for labels: those of the newest leads are not known yet. Labels have a lower floor, since a rate
    that halves moves the index little.
    """
    samples = sampled(reference, spec), sampled(current, spec)
    leads = _leads_a_row(samples[0]), _leads_a_row(samples[1])
    known = [one for one in (*columns, *OWN) if all(one.name in frame.columns for frame in samples)]
    left, right = _comparable(*samples, known)
    judged = [column for column in known if _enough(left, right, column.name, spec)]
    statistics, page = _evidently(left, right, judged) if judged else ({}, b"")
    found = {}
    for one in known:
        judge = Judge(
            COMPARISONS * len(columns), replace(spec, floor=LABEL_FLOOR) if one.name == LABEL else spec, leads
        )
        found[one.name] = _verdict(left, right, one, statistics.get(one.name), judge)
    shown = {one.name: distribution(left, right, one) for one in known if one.name in statistics or one not in OWN}
    own = [found.get(name) if name in statistics else None for name in (SCORE, LABEL)]
    return Comparison(tuple(found[one.name] for one in columns), own[0], own[1], shown, page)


def _comparable(
    left: pl.DataFrame, right: pl.DataFrame, columns: Sequence[Column]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    pairs = [comparable(left[one.name], right[one.name], one.categorical) for one in columns]
    return pl.DataFrame([one for one, _ in pairs]), pl.DataFrame([other for _, other in pairs])


def _leads_a_row(frame: pl.DataFrame) -> float:
    return frame["lead_id"].n_unique() / max(frame.height, 1) if "lead_id" in frame.columns else 1.0


def threshold(left: int, right: int, bins: int, comparisons: int, spec: DriftSpec) -> float:
    """The index that samples of these sizes exceed by chance less often than the error rate over all comparisons."""
    from scipy.stats import chi2

    quantile = float(chi2.ppf(1.0 - spec.error_rate / max(comparisons, 1), max(bins - 1, 1)))
    return max(spec.floor, quantile * (1.0 / left + 1.0 / right) + _empty_bins(left) + _empty_bins(right))


def _empty_bins(rows: int) -> float:
    """What one value in each of two tail bins adds where the other side's bins are empty, which Evidently fills."""
    return EMPTY_TAILS * max(0.0, float(np.log(1.0 / (rows * EMPTY_SHARE)))) / rows


def distribution(reference: pl.DataFrame, current: pl.DataFrame, column: Column) -> Distribution:
    """The shares that the drift chart draws; numeric bins have equal widths between the 1st and 99th percentile."""
    left, right = (frame[column.name].drop_nulls() for frame in (reference, current))
    if column.categorical:
        return _levels(left, right)
    return _bins(left.to_numpy(), right.to_numpy())


def _enough(left: pl.DataFrame, right: pl.DataFrame, name: str, spec: DriftSpec) -> bool:
    return all(frame[name].drop_nulls().len() >= spec.fewest for frame in (left, right))


def _verdict(
    left: pl.DataFrame, right: pl.DataFrame, column: Column, statistic: float | None, judge: Judge
) -> FeatureDrift:
    before, after = left[column.name], right[column.name]
    told = FeatureDrift(
        column.name,
        column.label,
        None,
        None,
        "not_enough_data",
        len(before) - before.null_count(),
        len(after) - after.null_count(),
        reference_missing=_missing(before),
        current_missing=_missing(after),
        unseen=round(unseen_share(before, after), 6) if column.categorical else 0.0,
    )
    absent = told if column.name == LABEL else _of_missing(told, judge, len(before), len(after))
    if statistic is None:
        return absent if absent.verdict == "drift" else told
    limit = judge.limit(told.reference_rows, told.current_rows, _bin_count(before, after, column))
    values = _judged(told, statistic, limit)
    return absent if absent.verdict == "drift" and values.verdict == "stable" else values


def _judged(told: FeatureDrift, statistic: float, limit: float) -> FeatureDrift:
    verdict: Verdict = "drift" if statistic > limit else "stable"
    return replace(told, statistic=round(statistic, 6), threshold=round(limit, 6), verdict=verdict)


def _missing(values: pl.Series) -> float:
    return round(values.null_count() / max(len(values), 1), 6)


def _of_missing(told: FeatureDrift, judge: Judge, left: int, right: int) -> FeatureDrift:
    """The comparison of the shares of missing values, as one of two bins."""
    if min(left, right) < judge.spec.fewest:
        return told
    shares = np.clip([told.reference_missing, told.current_missing], LEAST_MISSING, 1 - LEAST_MISSING)
    odds = np.log(shares / (1 - shares))
    index = float((shares[1] - shares[0]) * (odds[1] - odds[0]))
    return replace(_judged(told, index, judge.limit(left, right, 2)), because="missing")


def _bin_count(left: pl.Series, right: pl.Series, column: Column) -> int:
    """How many bins Evidently's index has: one a level, or by Sturges' rule over both samples."""
    values = pl.concat([left, right]).drop_nulls()
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
    return frame.select(column.name for column in columns).to_pandas()


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
