"""What people said: feedback on leads, saved views of a page, annotations of the charts over time."""

from datetime import datetime, timedelta

import polars as pl
import streamlit as st

from app import session
from app.queries.access import revision, rooms
from core.governance.annotations import Annotation
from core.governance.feedback import Verdict
from core.governance.views import SavedView

DAY = timedelta(days=1)
VERDICTS = {Verdict.GOOD: "Good", Verdict.JUNK: "Junk", Verdict.TOO_EARLY: "Too early"}


def feedback() -> pl.DataFrame:
    """The newest word on each lead: lead_id, decision_id, verdict, note, actor, given_at."""
    return _feedback(revision("governance", "signals"))


@st.cache_data(max_entries=4, show_spinner=False)
def _feedback(revision: str) -> pl.DataFrame:
    return rooms().feedback.latest()


def verdict(lead_id: str) -> tuple[Verdict, str] | None:
    """The newest word on a lead and who said it, None where nobody did."""
    found = feedback().filter(pl.col("lead_id") == lead_id).select("verdict", "actor")
    return (Verdict(found["verdict"][0]), found["actor"][0]) if found.height else None


def views(page: str) -> list[SavedView]:
    """The saved views of a page that who is looking may open."""
    return rooms().views.of(page, session.identity() or "")


def annotations() -> list[Annotation]:
    """The marks that stand, oldest first."""
    return rooms().annotations.all()


def marks(frame: pl.DataFrame, column: str = "at") -> list[tuple[datetime, str]]:
    """The annotations between the first and the last day of a frame's column, for a chart over it."""
    if frame.is_empty():
        return []
    first, last = frame[column].min(), frame[column].max()
    return [(one.at, one.content) for one in annotations() if first <= one.at < last + DAY]  # type: ignore[operator]
