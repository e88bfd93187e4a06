"""Taking rows away: CSV, Excel with a page that says what they are, Parquet, JSON, and the forms of CRMs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
import streamlit as st

from app import session
from app.components import permitted
from app.queries.access import rooms
from core.exports import crm as crm_forms
from core.exports import tables
from core.governance.permissions import Permission

Frame = Callable[[], pl.DataFrame] | pl.DataFrame


@dataclass(frozen=True)
class Form:
    """One file form: its name in the menu, file ending, media type, how a frame becomes bytes; `suffix` of its name."""

    label: str
    ending: str
    media: str
    write: Callable[[pl.DataFrame, Mapping[str, str]], bytes]
    suffix: str = ""


def show(
    frame: Frame,
    name: str,
    key: str,
    *,
    about: Mapping[str, str],
    crm: Frame | None = None,
    without: Mapping[str, str] | None = None,
    reasons: Frame | None = None,
) -> None:
    """Draw the Export button; `frame` may be a function, called only when a file is taken, outside the session.

    `crm` gives the rows as core.exports.crm takes them, for Salesforce and HubSpot; `without` says by suffix why a form
    is not possible. `reasons` gives a row a lead and reason. `about` names what the rows are (filter, policy, model,
    time): the Excel file's `Read me` sheet. Core's permission table is asked again when a file is made.
    """
    actor = session.identity()
    allowed = permitted.by(Permission.EXPORT)
    if allowed["disabled"]:
        st.button("Export", icon=":material/download:", key=f"{key}_menu", **allowed)
        return
    with st.popover("Export", icon=":material/download:", key=f"{key}_menu"):
        for form in FORMS:
            _button(form, frame, name, key, about, actor)
        for form in CRM_FORMS if crm is not None else ():
            _button(form, crm, name, key, about, actor, (without or {}).get(form.suffix, ""))
        for form in REASON_FORMS if reasons is not None else ():
            _button(form, reasons, name, key, about, actor)


def _button(
    form: Form,
    frame: Frame | None,
    name: str,
    key: str,
    about: Mapping[str, str],
    actor: str | None,
    impossible: str = "",
) -> None:
    st.download_button(
        form.label,
        data=lambda: _made(form, frame, about, actor),  # type: ignore[arg-type]
        file_name=f"{name}{form.suffix}.{form.ending}",
        mime=form.media,
        key=f"{key}{form.suffix}_{form.ending}",
        on_click="ignore",
        type="tertiary",
        disabled=bool(impossible),
        help=impossible or None,
    )


def _made(form: Form, frame: Frame, about: Mapping[str, str], actor: str | None) -> bytes:
    people = rooms().users
    people.require(people.identity(actor).name, Permission.EXPORT)
    return form.write(frame() if callable(frame) else frame, about)


def csv(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """UTF-8 with a byte-order mark; no cell can start a formula."""
    return tables.to_csv(frame)


def plain_csv(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """The same without the byte-order mark, for programs."""
    return tables.to_csv(frame, bom=False)


def excel(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """A formatted sheet with a frozen head, and a `Read me` sheet."""
    return tables.to_excel(frame, about, about.get("List", "Rows"))


def parquet(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """The frame as it is, with what it is about in the file's metadata."""
    return tables.to_parquet(frame, about)


def json(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """A list of objects, one a row."""
    return tables.to_json(frame)


def salesforce(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """To upsert by external id, with its field mapping."""
    return crm_forms.to_salesforce(frame)


def hubspot(frame: pl.DataFrame, about: Mapping[str, str]) -> bytes:
    """To import, with the request, and the scores before."""
    return crm_forms.to_hubspot(frame, f"leadbench {about.get('As of', '')}".strip())


FORMS = (
    Form("CSV", "csv", "text/csv", csv),
    Form("CSV for programs (no byte-order mark)", "csv", "text/csv", plain_csv, "_plain"),
    Form("Excel", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", excel),
    Form("Parquet", "parquet", "application/vnd.apache.parquet", parquet),
    Form("JSON", "json", "application/json", json),
)
CRM_FORMS = (
    Form("Salesforce: CSV and .sdl", "zip", "application/zip", salesforce, "_salesforce"),
    Form("HubSpot: CSV, request, before", "zip", "application/zip", hubspot, "_hubspot"),
)
REASON_FORMS = (
    Form("Reason codes, CSV", "csv", "text/csv", csv, "_reasons"),
    Form("Reason codes, Parquet", "parquet", "application/vnd.apache.parquet", parquet, "_reasons"),
)
