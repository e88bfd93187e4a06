"""How far decided leads came: scored, routed, touched, converted."""

from datetime import date, datetime, time, timedelta

import polars as pl
import streamlit as st

from app.queries.access import database, revision
from core.decisions.store_funnel import FunnelStore

STAGES = {"scored": "Scored", "routed": "Routed", "touched": "Touched", "converted": "Converted"}
ROUTED = pl.col("routed_at").is_not_null()
PASSED = {
    "scored": pl.lit(True),
    "routed": ROUTED,
    "touched": ROUTED & pl.col("is_touched").fill_null(False),
    "converted": ROUTED & pl.col("is_won"),
}


def ways(first: date | None, last: date | None) -> pl.DataFrame:
    """What became of each lead that was decided from the first day to the last: see FunnelStore.ways."""
    return _ways(revision("signals", "decisions"), first, last)


@st.cache_resource(max_entries=6, show_spinner=False)
def _ways(revision: str, first: date | None, last: date | None) -> pl.DataFrame:
    return FunnelStore(database()).ways(*moments(first, last))


def moments(first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """The first moment of the first day, and the first one after the last day; naive UTC."""
    begins = None if first is None else datetime.combine(first, time.min)
    return begins, None if last is None else datetime.combine(last, time.min) + timedelta(days=1)


def members(stage: str, first: date | None, last: date | None) -> pl.DataFrame:
    """lead_id of the leads that came as far as the stage."""
    return ways(first, last).filter(PASSED[stage]).select("lead_id")
