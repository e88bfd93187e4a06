"""Properties of events as JSON objects, made column by column: keys sorted, missing values left out."""

import json
from collections.abc import Mapping, Sequence

import polars as pl

NEEDS_ESCAPE = r'[\x00-\x1f"\\]'


def json_object(columns: Mapping[str, pl.Series], nested: frozenset[str], height: int) -> pl.Series:
    """One JSON object a record from the columns' present values; null where there are none.

    Numbers stay numbers, truths truths; `nested` columns hold JSON text already.
    """
    if not columns:
        return pl.Series("json", [None] * height, dtype=pl.String)
    parts = [_member(name, columns[name], name in nested) for name in sorted(columns)]
    frame = pl.DataFrame([part.alias(str(position)) for position, part in enumerate(parts)])
    joined = frame.select(pl.concat_str(pl.all(), ignore_nulls=True).alias("j"))
    return joined.select(
        pl.when(pl.col("j") != "").then("{" + pl.col("j").str.head(-1) + "}").alias("json")
    ).to_series()


def _member(name: str, values: pl.Series, nested: bool) -> pl.Series:
    key = json.dumps(name, ensure_ascii=False) + ":"
    encoded = values if nested else json_values(values)
    return encoded.to_frame("v").select(pl.lit(key) + pl.col("v") + ",").to_series()


def json_values(values: pl.Series) -> pl.Series:
    """Each value as JSON text; null stays null."""
    if values.dtype == pl.Boolean:
        return (
            values.to_frame("v")
            .select(
                pl.when(pl.col("v").is_not_null()).then(pl.when("v").then(pl.lit("true")).otherwise(pl.lit("false")))
            )
            .to_series()
        )
    if values.dtype.is_numeric():
        return values.cast(pl.String)
    if values.dtype == pl.Datetime:
        text = values.dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        return text.to_frame("v").select('"' + pl.col("v") + '"').to_series()
    return _quoted(values.cast(pl.String))


def _quoted(values: pl.Series) -> pl.Series:
    risky = values.str.contains(NEEDS_ESCAPE).fill_null(False)
    plain = values.to_frame("v").select('"' + pl.col("v") + '"').to_series()
    if not bool(risky.any()):
        return plain
    distinct = values.filter(risky).unique()
    escaped = [json.dumps(text, ensure_ascii=False) for text in distinct]
    careful = values.replace_strict(distinct, pl.Series(escaped), default=None, return_dtype=pl.String)
    return careful.zip_with(risky, plain)


def merged(base: pl.Series, extra: pl.Series) -> pl.Series:
    """The members of two JSON objects as one, record by record; a missing object adds nothing."""
    frame = pl.DataFrame({"a": base.str.strip_chars(), "b": extra})
    inner = pl.col("a").str.slice(1).str.head(-1).str.strip_chars()
    both = "{" + inner + "," + pl.col("b").str.slice(1)
    one = pl.when(inner == "").then(pl.col("b")).otherwise(both)
    return frame.select(
        pl.when(pl.col("a").is_null()).then(pl.col("b")).when(pl.col("b").is_null()).then(pl.col("a")).otherwise(one)
    ).to_series()


def sealed_member(names: Sequence[str]) -> dict[str, str]:
    """Property name → the JSON key text under which its sealed form is written."""
    return {name: json.dumps(name, ensure_ascii=False) for name in names}
