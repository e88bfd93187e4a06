"""Fields out of a file's columns, by a resolved mapping."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import polars as pl

from core.signals.adapters.adapter import Adapter
from core.signals.aliases import REQUIRED, plain_name
from core.signals.mapping import Mapping, Resolved, resolve
from core.signals.raw import Raw
from core.signals.readers.opening import require_file
from core.signals.typed_text import as_text, moments

LOOSE_NAMES = ("created", "date")
TIMES = ("created_at", "known_at", "received_at", "at")
ADDRESS = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
NULLS = ("null", "NULL", "NaN", "nan", "N/A", "n/a", "#N/A", "NaT")


def file_hash(path: Path) -> str:
    """`sha256:<hex>` of the file's bytes; raises FileMissing or FileEmpty."""
    require_file(path)
    with path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def without_nulls(series: pl.Series) -> pl.Series:
    """The column with the words that databases write for a missing value taken as missing."""
    if series.dtype != pl.String or not bool(series.is_in(NULLS).any()):
        return series
    return (
        series.to_frame("v").select(pl.when(~pl.col("v").is_in(NULLS)).then(pl.col("v"))).to_series().alias(series.name)
    )


def preferred(mapping: Mapping, adapter: Adapter, kind: str, raw: Raw) -> Mapping:
    """The mapping, with the columns that the source is known to give its fields in where it leaves them open."""
    known = {
        field: tuple(name for name in names if name in raw.columns)
        for field, names in adapter.fields.get(kind, {}).items()
        if field not in mapping.columns and field not in mapping.literals
    }
    return replace(mapping, columns={**{name: found for name, found in known.items() if found}, **mapping.columns})


def lay(mapping: Mapping, raw: Raw, kind: str, path: object) -> Resolved:
    """The mapping on the file's columns; a time found by a loose name stays a plain column where it reads as none.

    Raises what `resolve` raises, and AmbiguousDates.
    """
    laid = resolve(mapping, raw.columns, kind, path)
    wrong = {name for name in TIMES if _is_misread(raw, laid, name, kind)}
    if not wrong:
        return laid
    columns = {name: names for name, names in laid.columns.items() if name not in wrong}
    freed = [column for name in wrong for column in laid.columns[name]] if mapping.keep is None else []
    kept = tuple(column for column in raw.columns if column in laid.kept or column in freed)
    return replace(laid, columns=columns, kept=kept)


def _is_misread(raw: Raw, laid: Resolved, name: str, kind: str) -> bool:
    if name in laid.mapping.columns or name not in laid.columns or name in REQUIRED[kind]:
        return False
    if plain_name(laid.columns[name][0]) not in LOOSE_NAMES:
        return False
    values = pick(raw, laid, name)
    sample = values.drop_nulls().head(1_000) if values is not None else pl.Series(dtype=pl.String)
    return moments(sample, laid.mapping.dates).null_count() > 0.5 * len(sample)


def pick(raw: Raw, laid: Resolved, field: str) -> pl.Series | None:
    """The field's values in the file: its columns in order, the first present one; None where it has no column."""
    names = laid.columns.get(field)
    if not names:
        return None
    first, *rest = [scalars(raw, name) for name in names]
    for other in rest:
        first = first.cast(pl.String) if other.dtype != first.dtype else first
        first = first.zip_with(first.is_not_null(), other.cast(first.dtype))
    return first.alias(field)


def scalars(raw: Raw, name: str) -> pl.Series:
    """The column; where JSON values of several types stand in it, texts lose their quotes."""
    values = without_nulls(raw.frame[name])
    if name not in raw.json_columns:
        return values
    quoted = values.str.starts_with('"').fill_null(False)
    if not bool(quoted.any()):
        return values
    texts = [json.loads(text) if text and text.startswith('"') else text for text in values]
    return pl.Series(name, texts, dtype=pl.String)


def text_field(raw: Raw, laid: Resolved, field: str) -> pl.Series:
    """The field as trimmed text, its literal, or all missing; an e-mail address as a lead's id is in lower case."""
    values = pick(raw, laid, field)
    if values is not None:
        text = as_text(values).alias(field)
        return _addresses_lowered(text) if field == "lead_id" else text
    literal = laid.literals.get(field)
    return pl.Series(field, [None if literal is None else str(literal)], dtype=pl.String).new_from_index(
        0, raw.frame.height
    )


def _addresses_lowered(ids: pl.Series) -> pl.Series:
    address = pl.col(ids.name).str.contains(ADDRESS)
    lowered = pl.when(address).then(pl.col(ids.name).str.to_lowercase()).otherwise(pl.col(ids.name))
    return ids.to_frame().select(lowered).to_series()


def time_field(raw: Raw, laid: Resolved, field: str) -> tuple[pl.Series, pl.Series]:
    """The field as moments, and its value as it stands in the file."""
    values = pick(raw, laid, field)
    if values is None:
        values = text_field(raw, laid, field)
    return moments(values, laid.mapping.dates).alias(field), values.alias(f"__{field}")
