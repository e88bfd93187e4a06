"""Taking rows away: CSV, Excel with a page that says what they are, Parquet, JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
import streamlit as st

from app import session
from app.queries.access import may, rooms
from core.exports import tables
from core.governance.permissions import Permission

Frame = Callable[[], pl.DataFrame] | pl.DataFrame


@dataclass(frozen=True)
class Form:
    """One file form: its name in the menu, file ending, media type, and how a frame becomes bytes."""

    label: str
    ending: str
    media: str
    write: Callable[[pl.DataFrame, Mapping[str, str]], bytes]


def show(frame: Frame, name: str, key: str, *, about: Mapping[str, str]) -> None:
    """Draw the Export button; `frame` may be a function, called only when a file is taken, outside the session.

    `about` names what the rows are (filter, policy, model, time): the Excel file's `Read me` sheet. Core's permission
    table is asked again when a file is made.
    """
    actor = session.identity()
    if not may(Permission.EXPORT):
        st.button("Export", icon=":material/download:", key=f"{key}_menu", disabled=True, help="Not with your role.")
        return
    with st.popover("Export", icon=":material/download:", key=f"{key}_menu"):
        for form in FORMS:
            st.download_button(
                form.label,
                data=lambda form=form: _made(form, frame, about, actor),
                file_name=f"{name}.{form.ending}",
                mime=form.media,
                key=f"{key}_{form.ending}",
                on_click="ignore",
                type="tertiary",
            )


def _made(form: Form, frame: Frame, about: Mapping[str, str], actor: str | None) -> bytes:
    people = rooms().users
    people.require(people.identity(actor).name, Permission.EXPORT)
    return form.write(frame() if callable(frame) else frame, about)


def csv(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """UTF-8 with a byte-order mark; no cell can start a formula."""
    return tables.to_csv(frame)


def excel(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """A formatted sheet with a frozen head, and a `Read me` sheet."""
    return tables.to_excel(frame, about, about.get("List", "Rows"))


def parquet(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """The frame as it is, with what it is about in the file's metadata."""
    return tables.to_parquet(frame, about)


def json(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """A list of objects, one a row."""
    return tables.to_json(frame)


FORMS = (
    Form("CSV", "csv", "text/csv", csv),
    Form("Excel", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", excel),
    Form("Parquet", "parquet", "application/vnd.apache.parquet", parquet),
    Form("JSON", "json", "application/json", json),
)
