"""Deletions of decisions that were asked for: what waits for a second person, and what exactly would go."""

from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from app.queries.access import database, revision
from core.decisions import store_retention
from core.governance import retention
from core.governance.retention import Plan

READ = ("governance", "decisions", "policy")


@dataclass(frozen=True)
class Asked:
    """A deletion that waits: its plan, whether that is still what was asked for, what goes by arm, what stays."""

    plan: Plan
    is_current: bool
    goes: pl.DataFrame
    stays: dict[str, int]


def waiting() -> list[dict[str, Any]]:
    """What was asked for and neither done nor refused, newest first, as `retention.waiting` gives it."""
    return _waiting(revision(*READ))


@st.cache_data(max_entries=2, show_spinner=False)
def _waiting(revision: str) -> list[dict[str, Any]]:
    return retention.waiting(database())


def asked(plan_hash: str) -> Asked:
    """What a plan that waits would delete; raises PlanUnknown."""
    return _asked(revision(*READ), plan_hash)


@st.cache_data(max_entries=4, show_spinner="Counting what would go …")
def _asked(revision: str, plan_hash: str) -> Asked:
    db = database()
    planned, is_current = retention.asked(db, plan_hash)
    return Asked(planned, is_current, store_retention.told(db, planned.limits), retention.stays(db, planned))
