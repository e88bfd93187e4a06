"""The record: a page of the ledger's entries, and the evidence to take away."""

import io
import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import streamlit as st

from app.queries.access import database, hidden_besides, may, revision, role, rooms
from core.governance import evidence
from core.governance.permissions import Permission
from core.governance.store import EvidenceStore
from core.kernel.addresses import without_addresses
from core.kernel.database import LedgerPages, Narrowed

PAGE = 50
ADDRESSES = "Records name leads whose ids are e-mail addresses: who may reveal personal values takes them."


@dataclass(frozen=True)
class Page:
    """Up to fifty entries, newest first, of `matching`; where the next older and newer ones begin, None at the ends."""

    rows: pl.DataFrame
    matching: int
    older: int | None
    newer: int | None


def page(asked: Narrowed, before: int | None = None, after: int | None = None) -> Page:
    """The entries before a number, or those after one, or the newest; past an end those that are last there."""
    return _page(revision(), asked, before, after)


@st.cache_data(max_entries=8, show_spinner=False)
def _page(revision: str, asked: Narrowed, before: int | None, after: int | None) -> Page:
    pages = LedgerPages(database())
    rows = pages.older(asked, before, PAGE) if after is None else pages.newer(asked, after, PAGE)
    span = pages.span(asked)
    if span.newest is None or span.oldest is None:
        return Page(rows, 0, None, None)
    if rows.is_empty():
        rows = pages.newer(asked, span.oldest - 1, PAGE) if after is None else pages.older(asked, most=PAGE)
    last, first = rows["seq"][-1], rows["seq"][0]
    return Page(rows, span.matching, None if last == span.oldest else last, None if first == span.newest else first)


def everything(asked: Narrowed) -> pl.DataFrame:
    """Every entry that is asked for, as a page shows it: for a file."""
    return LedgerPages(database()).older(asked)


def actors() -> list[str]:
    """Everybody who wrote into the ledger, by name."""
    return _words(revision(), "actor")


def kinds() -> list[str]:
    """Every kind of entry that the ledger has."""
    return _words(revision(), "kind")


@st.cache_data(max_entries=4, show_spinner=False)
def _words(revision: str, column: str) -> list[str]:
    return LedgerPages(database()).words(column)


def body(seq: int) -> str:
    """The whole body of an entry, as indented JSON; without e-mail addresses for who may not reveal them."""
    told = json.dumps(json.loads(database().body_of(seq)), indent=2, ensure_ascii=False)
    return told if may(Permission.REVEAL) else without_addresses(told)


def decisions() -> int:
    """How many decisions the store holds."""
    return rooms().decisions.count()


def withheld() -> str | None:
    """Why who is looking takes no evidence, whose records are as they were hashed, with nothing masked; None: may."""
    if hidden := hidden_besides(role()):
        return f"Records hold {', '.join(hidden)}, which your role does not see."
    return None if may(Permission.REVEAL) or not _names_addresses(revision("decisions")) else ADDRESSES


@st.cache_data(max_entries=2, show_spinner=False)
def _names_addresses(revision: str) -> bool:
    return EvidenceStore(database()).names_addresses()


def export() -> bytes:
    """The evidence as one ZIP: ledger, records, manifest, and a verifier that needs only Python."""
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        evidence.export(database(), Path(folder))
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(Path(folder).iterdir()):
                packed.write(path, path.name)
    return buffer.getvalue()
