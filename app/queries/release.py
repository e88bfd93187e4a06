"""The last stretch of a policy's way, for the pages: rollouts, what is due, emergencies, the reviewer's page."""

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from app.queries.access import database, revision, rooms, this_minute
from core.exports.review import review as review_of
from core.exports.review_page import Review, to_html
from core.governance import duties as duties_of
from core.governance import keeping, power
from core.governance.errors_release import EvidenceVoid
from core.governance.keeping import Alarm
from core.governance.power import Needed

JUDGED = (
    "metric",
    "verdict",
    "critical",
    "before",
    "candidate",
    "low",
    "high",
    "allowed",
    "leads",
    "accounts",
    "reason",
)


def rollout(name: str) -> dict[str, Any] | None:
    """The newest rollout of a policy's name with the judge's word of this minute, None where none ever began."""
    return _rollout(revision("policy", "decisions", "signals"), name, this_minute())


@st.cache_data(max_entries=8, show_spinner=False)
def _rollout(revision: str, name: str, minute: datetime) -> dict[str, Any] | None:
    rollouts = rooms().releases.rollouts
    return rollouts.status(name) if rollouts.newest(name) else None


def judged(status: dict[str, Any]) -> pl.DataFrame:
    """The guards of a rollout's step, one a row."""
    numbers = dict.fromkeys(("before", "candidate", "low", "high", "allowed"), pl.Float64)
    kinds = {"critical": pl.Boolean, "leads": pl.Int64, "accounts": pl.Int64, **numbers}
    schema = {name: kinds.get(name, pl.String) for name in JUDGED}
    guards = status["judge"]["guards"] if status["judge"] else []
    return pl.DataFrame([[one[name] for name in JUDGED] for one in guards], schema=schema, orient="row")


def alarms() -> list[Alarm]:
    """What about the policies is overdue or soon due, the most pressing first."""
    return keeping.alarms(rooms().releases)


def emergencies() -> pl.DataFrame:
    """Every time that a version decided without its approvals, newest first."""
    rows = rooms().releases.emergencies.glass.all()
    return rows.select("name", "actor", "reason", "broken_at", "expires_at", "ended_at", "ended_how")


def schedules() -> pl.DataFrame:
    """Every publishing for later, newest first."""
    rows = rooms().releases.emergencies.schedules.all()
    return rows.select("seq", "name", "due_at", "actor", "reason", "state", "note")


def review(ref: str) -> Review | None:
    """The reviewer's page about a version, None where it was never handed in."""
    return _review(revision(), ref)


@st.cache_data(max_entries=8, show_spinner=False)
def _review(revision: str, ref: str) -> Review | None:
    newest = database().newest_entries(1)
    try:
        return review_of(rooms().releases, ref, newest["hash"][0], int(newest["seq"][0]))
    except EvidenceVoid:
        return None


def review_file(page: Review) -> bytes:
    """The reviewer's page as a file to print."""
    return to_html(page)


def duties() -> dict[str, Any]:
    """The segregation-of-duties report over the whole ledger."""
    return _duties(revision())


@st.cache_data(max_entries=2, show_spinner=False)
def _duties(revision: str) -> dict[str, Any]:
    return duties_of.report(database())


def needed(base: float, change: float, share: float) -> Needed | None:
    """How many leads a canary needs before a relative worsening of a rate could be seen."""
    return power.needed(base, change, share)
