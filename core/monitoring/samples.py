"""What of two populations is compared: a stated sample, finite values, categories with a bounded number of levels."""

import polars as pl

from core.monitoring.report import DriftSpec

MOST_LEVELS = 50
OTHER_LEVELS = "all other levels"


def sampled(frame: pl.DataFrame, spec: DriftSpec) -> pl.DataFrame:
    """At most `spec.sample` rows of the frame, drawn with the spec's seed."""
    if frame.height <= spec.sample:
        return frame
    return frame.sample(spec.sample, seed=spec.seed)


def comparable(left: pl.Series, right: pl.Series, categorical: bool) -> tuple[pl.Series, pl.Series]:
    """Both sides as finite floats, or as text whose rare levels are one level.

    Where a category has more than fifty levels, those that are not among the reference's fifty commonest count as one:
    the index of a level that hardly occurs says how small the samples are, not that anything changed.
    """
    if not categorical:
        return _finite(left), _finite(right)
    words = left.cast(pl.String), right.cast(pl.String)
    if pl.concat(words).drop_nulls().n_unique() <= MOST_LEVELS:
        return words
    counts = words[0].drop_nulls().value_counts(name="n").sort("n", words[0].name, descending=[True, False])
    kept = counts[words[0].name].head(MOST_LEVELS).to_list()
    return _folded(words[0], kept), _folded(words[1], kept)


def unseen_share(left: pl.Series, right: pl.Series) -> float:
    """The share of the current values in levels that the reference never had; both as `comparable` gives them."""
    values = right.drop_nulls()
    return float((~values.is_in(left.unique().to_list())).mean() or 0.0) if len(values) else 0.0  # type: ignore[arg-type]


def _finite(values: pl.Series) -> pl.Series:
    numbers = values.cast(pl.Float64)
    return pl.select(pl.when(numbers.is_finite()).then(numbers).alias(values.name)).to_series()


def _folded(values: pl.Series, kept: list[str]) -> pl.Series:
    rare = ~values.is_in(kept) & values.is_not_null()
    return pl.select(pl.when(rare).then(pl.lit(OTHER_LEVELS)).otherwise(values).alias(values.name)).to_series()
