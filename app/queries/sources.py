"""The sources: what each brought, its contract, whether it is held back, and which decisions came too early."""

from typing import Any

import polars as pl
import streamlit as st

from app.queries import versions
from app.queries.access import database, revision, role, rooms, seen
from core.decisions.outdated import outdated
from core.governance.permissions import Role

NAMED = 4
CAUSES = {
    "late": "an event came late",
    "loaded": "events were loaded later",
    "corrected": "an event was corrected",
    "attribute": "an attribute became known later",
    "merged": "ids became one lead",
}


def sources() -> pl.DataFrame:
    """One row a source with its counts, watermark, contract and breaker."""
    return _sources(revision("signals"))


@st.cache_data(max_entries=4, show_spinner=False)
def _sources(revision: str) -> pl.DataFrame:
    return pl.DataFrame(rooms().signals.sources.all(), infer_schema_length=None)


def contract(source: str) -> tuple[str, dict[str, Any]]:
    """`confirmed` with the contract that holds, else `learned` with what the history suggests."""
    return _contract(revision("signals"), source)


@st.cache_data(max_entries=16, show_spinner="Looking at the source's history …")
def _contract(revision: str, source: str) -> tuple[str, dict[str, Any]]:
    held = rooms().signals.sources.confirmed(source)
    return ("confirmed", held.to_json()) if held else ("learned", rooms().signals.sources.learned(source).to_json())


def outdated_decisions() -> pl.DataFrame:
    """lead_id, as_of, causes and features of the standing decisions that would see other features now."""
    return _outdated(revision("signals", "decisions", "features", "policy"), role().value)


@st.cache_data(max_entries=4, show_spinner="Building features again …")
def _outdated(revision: str, role: str) -> pl.DataFrame:
    rows = [
        {
            "lead_id": one.lead_id,
            "as_of": one.as_of,
            "causes": ", ".join(CAUSES[cause] for cause in one.causes),
            "features": _briefly([versions.feature_name(name) for name, _, _ in one.changes]),
            "decision_id": one.decision_id,
        }
        for one in outdated(database(), rooms().features.get)
    ]
    kinds = {"lead_id": pl.String, "as_of": pl.Datetime("us"), **dict.fromkeys(("causes", "features"), pl.String)}
    frame = pl.DataFrame(rows, schema={**kinds, "decision_id": pl.String})
    return seen(frame, Role(role))


def _briefly(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
