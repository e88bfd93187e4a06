"""Who is who: leads of several ids, and the history of one identity."""

from typing import Any

import polars as pl
import streamlit as st

from app.queries.access import revision, role, rooms, seen
from core.governance.permissions import Role


def counts() -> dict[str, int]:
    """How many leads are known, visitors not known yet, ids merged, merges taken back, statements disputed."""
    return _counts(revision("signals"))


@st.cache_data(max_entries=4, show_spinner=False)
def _counts(revision: str) -> dict[str, int]:
    return rooms().signals.identities.counts()


def merged() -> pl.DataFrame:
    """Leads of several ids, latest merge first."""
    return _merged(revision("signals"))


@st.cache_data(max_entries=4, show_spinner=False)
def _merged(revision: str) -> pl.DataFrame:
    return rooms().signals.identities.list()


def history(lead_id: str) -> dict[str, Any]:
    """One identity: root, members, intervals, statements and accounts, masked by role, and `labels` by id.

    Raises UnknownLead.
    """
    return _history(revision("signals", "policy"), role().value, lead_id)


@st.cache_data(max_entries=16, show_spinner=False)
def _history(revision: str, role: str, lead_id: str) -> dict[str, Any]:
    found = rooms().signals.identities.show(lead_id)
    tables = ("members", "intervals", "statements", "accounts")
    shown = {name: seen(pl.DataFrame(found[name], infer_schema_length=None), Role(role)) for name in tables}
    labels = dict(zip((one["lead_id"] for one in found["members"]), shown["members"]["lead_id"], strict=True))
    return found | shown | {"labels": labels}


def masked(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as who is looking may see it."""
    return seen(frame, role())
