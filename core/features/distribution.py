"""How the values of a feature are spread: how many are missing, and the shares of groups by bucket."""

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

MOST_BUCKETS = 8
OTHER = "other"
MISSING = "missing"


def missing(frame: pl.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """The share of rows without a value, by column; 0 where there is no row."""
    return {name: frame[name].null_count() / max(frame.height, 1) for name in names}


def shares(values: pl.Series, groups: pl.Series) -> pl.DataFrame:
    """bucket (text, in order), then a column a group: the share of its rows in the bucket.

    Numbers are cut at quantiles of all rows, words and truths keep their commonest values; missing is a bucket.
    """
    bucket, order = _numbers(values) if values.dtype.is_numeric() else _words(values)
    frame = pl.DataFrame({"bucket": bucket, "group": groups.cast(pl.String)})
    counted = (
        frame.group_by("group", "bucket").len().with_columns(share=pl.col("len") / pl.col("len").sum().over("group"))
    )
    wide = counted.pivot("group", index="bucket", values="share", sort_columns=True)
    ordered = pl.DataFrame({"bucket": [*order, MISSING]}).join(wide, on="bucket", how="inner", maintain_order="left")
    return ordered.fill_null(0.0)


def _numbers(values: pl.Series) -> tuple[pl.Series, list[str]]:
    present = values.drop_nulls().cast(pl.Float64)
    points = [present.quantile(step / MOST_BUCKETS, "nearest") for step in range(1, MOST_BUCKETS)]
    cuts = sorted({point for point in points if point is not None and point < (present.max() or 0.0)})  # type: ignore[operator]
    names = _names(cuts)
    places = pl.Series(cuts, dtype=pl.Float64).search_sorted(values.cast(pl.Float64).fill_null(0.0), side="left")
    found = pl.Series(names).gather(places)
    return found.zip_with(values.is_not_null(), pl.Series([MISSING])), names


def _names(cuts: Sequence[float]) -> list[str]:
    if not cuts:
        return ["all"]
    inner = [f"{_text(low)} – {_text(high)}" for low, high in pairwise(cuts)]
    return [f"up to {_text(cuts[0])}", *(f"above {one}" for one in inner), f"above {_text(cuts[-1])}"]


def _text(number: float) -> str:
    return f"{number:,.4g}" if abs(number) < 10_000 else f"{number:,.0f}"


def _words(values: pl.Series) -> tuple[pl.Series, list[str]]:
    text = values.cast(pl.String)
    kept = text.drop_nulls().value_counts(sort=True)[text.name].head(MOST_BUCKETS).to_list()
    named = text.to_frame("v").select(
        pl.when(pl.col("v").is_null())
        .then(pl.lit(MISSING))
        .when(pl.col("v").is_in(kept))
        .then("v")
        .otherwise(pl.lit(OTHER))
    )
    return named.to_series(), [*kept, OTHER]
