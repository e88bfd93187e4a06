"""Why a score is what it is: sentences for one lead, importance and effects over many, partners of a feature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from core.models.encoding import FeatureInfo, matrix
from core.models.model import Model
from core.models.scoring import Points

SILENT = 0.0005
UNKNOWN = "not known"
CORRELATED = 0.8


@dataclass(frozen=True)
class Reason:
    """One feature's part in a score, in probability points (0.1 is ten per cent), with a sentence for people."""

    feature: str
    label: str
    role: str
    value: object
    points: float
    sentence: str


def value_text(value: object) -> str:
    """A feature's value in words: yes and no, whole counts, numbers with three significant digits."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def sentence(label: str, value: object, points: float) -> str:
    """What one feature does to the score: `Pricing page visits, last 7 days: 5 - raises the score by 12.3 points.`"""
    told = f"{label}: {value_text(value)}"
    if abs(points) < SILENT:
        return f"{told} - hardly moves the score."
    amount = f"{abs(points) * 100:.1f}"
    unit = "point" if amount == "1.0" else "points"
    return f"{told} - {'raises' if points > 0 else 'lowers'} the score by {amount} {unit}."


def reasons(
    features: Sequence[FeatureInfo], values: Mapping[str, object], points: Sequence[float], most: int | None = None
) -> tuple[Reason, ...]:
    """The reasons of one score, the weightiest first, at most `most`; points are in the order of the features."""
    found = [
        Reason(
            one.name, one.label, one.role, values.get(one.name), part, sentence(one.label, values.get(one.name), part)
        )
        for one, part in zip(features, points, strict=True)
    ]
    return tuple(sorted(found, key=lambda reason: -abs(reason.points))[:most])


def grouped(told: Sequence[Reason], groups: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Reasons by group of correlated features, the weightiest first: label, features and their points together.

    A feature in no group stands alone. Correlated features share what they do between them by chance of training, so
    that only their sum says how much the behaviour behind them is worth.
    """
    place = {name: number for number, names in enumerate(groups) for name in names}
    found: dict[Any, list[Reason]] = {}
    for one in told:
        found.setdefault(place.get(one.feature, one.feature), []).append(one)
    rows = [
        {
            "label": ones[0].label if len(ones) == 1 else f"{ones[0].label} and {len(ones) - 1} alike",
            "features": [one.feature for one in ones],
            "points": sum(one.points for one in ones),
        }
        for ones in found.values()
    ]
    return sorted(rows, key=lambda row: (-abs(row["points"]), row["features"]))


def correlated(frame: pl.DataFrame, features: Sequence[FeatureInfo], least: float = CORRELATED) -> list[list[str]]:
    """Groups of two or more features whose ranks correlate (Spearman) by at least `least`, either way, in the frame.

    Features are of one group where a chain of such pairs joins them; words have no ranks and are left out.
    """
    names = [one.name for one in features if one.dtype != "category" and frame[one.name].n_unique() > 1]
    if len(names) < 2:
        return []
    ranks = frame.select(pl.col(name).cast(pl.Float64).rank("average").fill_null(0.0) for name in names)
    strength = np.abs(np.corrcoef(ranks.to_numpy(), rowvar=False))
    groups: list[set[int]] = []
    for one in range(len(names)):
        alike = {other for other in range(len(names)) if strength[one, other] >= least}
        joined = [group for group in groups if group & alike]
        groups = [group for group in groups if not group & alike] + [alike.union(*joined)]
    return [[names[place] for place in sorted(group)] for group in groups if len(group) > 1]


def importance(model: Model, points: Points) -> pl.DataFrame:
    """One row a feature, the weightiest first: feature, label, role, mean_abs_points, mean_points, share."""
    weight = np.abs(points.values).mean(axis=0) if len(points.values) else np.zeros(len(points.names))
    mean = points.values.mean(axis=0) if len(points.values) else np.zeros(len(points.names))
    frame = pl.DataFrame(
        {
            "feature": list(points.names),
            "label": [feature.label for feature in model.features],
            "role": [feature.role for feature in model.features],
            "mean_abs_points": weight,
            "mean_points": mean,
            "share": weight / (weight.sum() or 1.0),
        }
    )
    return frame.sort("mean_abs_points", "feature", descending=[True, False])


def stability(now: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """Two tables of `importance` on the same rows beside each other, and how alike the orders are (Spearman, -1 to 1).

    One row a feature of either model, the weightiest now first: feature, label, share, share_before, place,
    place_before (from 1, null where the model lacks it). The likeness is over the features of both, NaN under two.
    """
    tables = [table.with_row_index("place", 1) for table in (now, before)]
    old = tables[1].select("feature", "label", share_before="share", place_before="place")
    both = tables[0].select("feature", "label", "share", "place").join(old, on="feature", how="full", coalesce=True)
    rows = both.with_columns(label=pl.coalesce("label", "label_right")).drop("label_right")
    shared = rows.drop_nulls(["share", "share_before"])
    ranks, old_ranks = (shared[name].rank("average").to_numpy() for name in ("share", "share_before"))
    alike = float(np.corrcoef(ranks, old_ranks)[0, 1]) if shared.height > 1 else float("nan")
    return rows.sort("place", "place_before", nulls_last=True), alike


def effects(model: Model, frame: pl.DataFrame, points: Points, most: int = 12) -> pl.DataFrame:
    """For a swarm chart, long: feature, label, value (text), rank (0-1 among the values, null: none), points.

    The rows of `frame` are those of `points`; only the `most` weightiest features are kept.
    """
    top = importance(model, points)["feature"].to_list()[:most]
    infos = {feature.name: feature for feature in model.features}
    inputs = matrix(frame, [infos[name] for name in top], model.categories)
    parts = []
    for place, name in enumerate(top):
        numeric = infos[name].dtype != "category"
        parts.append(
            pl.DataFrame(
                {
                    "feature": [name] * len(frame),
                    "label": [infos[name].label] * len(frame),
                    "value": [value_text(value) for value in frame[name].to_list()],
                    "rank": _ranks(inputs[:, place]) if numeric else [None] * len(frame),
                    "points": points.values[:, points.names.index(name)],
                },
                schema_overrides={"rank": pl.Float64},
            )
        )
    return pl.concat(parts)


def _ranks(values: np.ndarray) -> pl.Series:
    column = pl.Series(values).fill_nan(None)
    return (column.rank("average") - 0.5) / max(column.drop_nulls().len(), 1)


def dependence(model: Model, frame: pl.DataFrame, points: Points, feature: str) -> pl.DataFrame:
    """One row a frame row: the feature's value as it is, and its points."""
    return pl.DataFrame(
        {"value": frame[feature], "points": points.values[:, points.names.index(feature)]}, strict=False
    )


def partners(model: Model, frame: pl.DataFrame, points: Points, feature: str, most: int = 5) -> list[str]:
    """The features that best explain why equal values of `feature` get different points, the strongest first.

    SHAP's approximate interactions: exact interaction values are refused by shap for category columns.
    """
    import shap

    inputs = np.nan_to_num(matrix(frame, model.features, model.categories), nan=-1.0)
    place = points.names.index(feature)
    ranked = shap.utils.approximate_interactions(place, points.values, inputs)
    varying = [int(index) for index in ranked if int(index) != place and np.ptp(inputs[:, int(index)]) > 0]
    return [points.names[index] for index in varying[:most]]
