"""Parquet: columns keep their types; nested ones become JSON text."""

import tempfile
from pathlib import Path

import polars as pl

from core.signals.errors import FileEmpty, FileUnreadable
from core.signals.raw import Raw, ReadOptions, no_rejects, split_long_fields, with_rows
from core.signals.readers.opening import GZIP_MAGIC, open_bounded

CHUNK = 2**22


def read(path: Path, options: ReadOptions) -> Raw:
    """The rows of a Parquet file, times as naive UTC."""
    frame = _load(path, options)
    if frame.is_empty():
        raise FileEmpty(path)
    frame, nested = _flat(frame)
    kept, long = split_long_fields(with_rows(frame, set()), options.max_field_bytes)
    return Raw(kept, pl.concat([no_rejects(), long]), "parquet", textual=False, json_columns=nested)


def _load(path: Path, options: ReadOptions) -> pl.DataFrame:
    with path.open("rb") as probe:
        packed = probe.read(2) == GZIP_MAGIC
    if not packed:
        return _parse(path, path)
    with tempfile.NamedTemporaryFile(suffix=".parquet") as plain, open_bounded(path, options.max_bytes) as stream:
        while block := stream.read(CHUNK):
            plain.write(block)
        plain.flush()
        return _parse(Path(plain.name), path)


def _parse(file: Path, path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(file, glob=False)
    except (pl.exceptions.ComputeError, pl.exceptions.PolarsError, OSError) as error:
        raise FileUnreadable(
            path, f"`{path}` is not Parquet: {error}", "Write it again; the file is cut or of another format."
        ) from error


def _flat(frame: pl.DataFrame) -> tuple[pl.DataFrame, frozenset[str]]:
    nested: set[str] = set()
    changes: list[pl.Expr | pl.Series] = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Struct):
            nested.add(name)
            changes.append(pl.col(name).struct.json_encode())
        elif isinstance(dtype, pl.List | pl.Array):
            nested.add(name)
            changes.append(_list_json(name))
        elif dtype.is_integer() and dtype != pl.Int64:
            changes.append(_whole(frame[name]))
        elif (change := _plain(name, dtype)) is not None:
            changes.append(change)
    return frame.with_columns(changes), frozenset(nested)


def _list_json(name: str) -> pl.Expr:
    whole = pl.struct(pl.col(name).alias("v")).struct.json_encode()
    return pl.when(pl.col(name).is_not_null()).then(whole.str.slice(5).str.head(-1)).alias(name)


def _whole(column: pl.Series) -> pl.Series:
    """The column as signed 64-bit numbers, or as text where one is too large."""
    whole = column.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == column.null_count() else column.cast(pl.String)


def _plain(name: str, dtype: pl.DataType) -> pl.Expr | None:
    column = pl.col(name)
    if isinstance(dtype, pl.Datetime):
        return (
            column.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if dtype.time_zone else column
        ).dt.cast_time_unit("us")
    if dtype == pl.Date:
        return column.cast(pl.Datetime("us"))
    if isinstance(dtype, pl.Categorical | pl.Enum) or dtype == pl.Time:
        return column.cast(pl.String)
    if isinstance(dtype, pl.Decimal) or dtype == pl.Float32:
        return column.cast(pl.Float64)
    if dtype == pl.Binary:
        return column.cast(pl.String, strict=False)
    if dtype == pl.Duration or dtype == pl.Null:
        return column.cast(pl.Int64)
    return None
