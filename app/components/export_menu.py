"""Taking rows away: CSV, Excel with a page that says what they are, Parquet, JSON."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
import streamlit as st

Frame = Callable[[], pl.DataFrame] | pl.DataFrame


@dataclass(frozen=True)
class Form:
    """One file form: its name in the menu, file ending, media type, and how a frame becomes bytes."""

    label: str
    ending: str
    media: str
    write: Callable[[pl.DataFrame, Mapping[str, str]], bytes]


def show(frame: Frame, name: str, key: str, *, about: Mapping[str, str]) -> None:
    """Draw the Export button; `frame` may be a function, called only when a file is taken.

    `about` names what the rows are (filter, policy, model, time): the Excel file's `Read me` sheet.
    """
    with st.popover("Export", icon=":material/download:", key=f"{key}_menu"):
        for form in FORMS:
            st.download_button(
                form.label,
                data=lambda form=form: form.write(frame() if callable(frame) else frame, about),
                file_name=f"{name}.{form.ending}",
                mime=form.media,
                key=f"{key}_{form.ending}",
                on_click="ignore",
                type="tertiary",
            )


def csv(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """UTF-8 with a byte-order mark, lists joined by `; `; cells that a spreadsheet would run are made plain text."""
    safe = pl.col(pl.String).str.replace(r"^([=+\-@\t\r])", "'$1")
    return b"\xef\xbb\xbf" + flat(frame).with_columns(safe).write_csv().encode()


def excel(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """A formatted sheet with a frozen head, and a `Read me` sheet."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        flat(frame).write_excel(book, worksheet="Rows", autofit=True, freeze_panes=(1, 0))
        pl.DataFrame({"About": list(about), "Value": list(about.values())}).write_excel(
            book, worksheet="Read me", autofit=True
        )
    return buffer.getvalue()


def parquet(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """The frame as it is."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def json(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """A list of objects, one a row."""
    return frame.write_json().encode()


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with lists as text and times without a zone, for forms that know neither."""
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    joined = frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join("; ") for name in lists)
    zoned = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime) and kind.time_zone]
    return joined.with_columns(pl.col(zoned).dt.replace_time_zone(None))


FORMS = (
    Form("CSV", "csv", "text/csv", csv),
    Form("Excel", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", excel),
    Form("Parquet", "parquet", "application/vnd.apache.parquet", parquet),
    Form("JSON", "json", "application/json", json),
)
