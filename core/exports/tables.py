"""Lists as files: CSV, Parquet and Excel, safe to open in a spreadsheet."""

import io
from collections.abc import Mapping
from typing import Any

import polars as pl
import polars.selectors as cs

from core.exports.errors import ExportTooLarge

BOM = b"\xef\xbb\xbf"
STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that a spreadsheet may take for a formula, full-width ones included."""
EXCEL_ROWS = 1_048_575
EXCEL_CHARACTERS = 32_767
READ_ME = "Read me"


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every text that could start a formula led by an apostrophe (OWASP's CSV injection rule)."""
    flat = flattened(frame).rename(lambda name: f"'{name}" if name.startswith(STARTERS) else name)
    return flat.with_columns(_guarded(name) for name, dtype in flat.schema.items() if dtype == pl.String)


def _guarded(name: str) -> pl.Expr:
    risky = pl.col(name).str.head(1).is_in(STARTERS)
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), pl.col(name))).otherwise(pl.col(name)).alias(name)


def flattened(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with lists joined by `; `, structures as JSON text and bytes left out: one plain value a cell."""
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    structs = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Struct)]
    return frame.select(cs.exclude(cs.binary())).with_columns(
        *(pl.col(name).list.eval(pl.element().cast(pl.String)).list.join("; ") for name in lists),
        *(pl.col(name).struct.json_encode() for name in structs),
        cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String),
    )


def to_csv(frame: pl.DataFrame, *, bom: bool = True) -> bytes:
    """UTF-8 CSV with a header; `bom` marks the encoding for Excel. Times are ISO 8601 in UTC with Z."""
    timed = guarded(frame).with_columns(cs.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"))
    return (BOM if bom else b"") + timed.write_csv().encode()


def to_parquet(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """Parquet with the types as they are; what it is about is in the file's own metadata as `leadbench.<name>`."""
    buffer = io.BytesIO()
    told = {f"leadbench.{name.lower().replace(' ', '_')}": value for name, value in about.items()}
    frame.write_parquet(buffer, metadata=told)
    return buffer.getvalue()


def to_json(frame: pl.DataFrame) -> bytes:
    """A list of objects, one a row; times are ISO 8601."""
    return frame.select(cs.exclude(cs.binary())).write_json().encode()


def to_excel(frame: pl.DataFrame, about: Mapping[str, str], title: str = "List") -> bytes:
    """A workbook with the list and a `Read me` sheet that says what it is about; no cell is a formula or a link.

    Raises ExportTooLarge.
    """
    import xlsxwriter

    if frame.height > EXCEL_ROWS:
        raise ExportTooLarge("An Excel sheet", frame.height, EXCEL_ROWS)
    buffer = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(buffer, plain) as book:
        _list_sheet(book, frame, title)
        _read_me(book, {"Rows": f"{frame.height:,}", **about, "Made with": "leadbench"})
    return buffer.getvalue()


def _list_sheet(book: Any, frame: pl.DataFrame, title: str) -> None:
    cells = flattened(frame).with_columns(cs.string().str.head(EXCEL_CHARACTERS))
    cells.write_excel(
        workbook=book,
        worksheet=_sheet_name(title),
        freeze_panes=(1, 0),
        autofit=cells.height <= 2_000,
        dtype_formats={pl.Datetime("us"): "yyyy-mm-dd hh:mm:ss"},
        float_precision=4,
    )


def _sheet_name(title: str) -> str:
    kept = "".join(character for character in title if character not in "[]:*?/\\'")[:31].strip()
    return "List" if not kept or kept.lower() == READ_ME.lower() else kept


def _read_me(book: Any, about: Mapping[str, str]) -> None:
    sheet, bold = book.add_worksheet(READ_ME), book.add_format({"bold": True})
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 90)
    for row, (name, value) in enumerate(about.items()):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, value)
