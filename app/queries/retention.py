"""Deletions of decisions that were asked for: what waits for a second person, and what it was counted to."""

from typing import Any

import streamlit as st

from app.queries.access import database, revision
from core.governance import retention
from core.governance.retention import Asked

READ = ("governance", "decisions")


def waiting() -> list[dict[str, Any]]:
    """What was asked for and neither done nor refused, newest first, as `retention.waiting` gives it."""
    return _waiting(revision(*READ))


@st.cache_data(max_entries=2, show_spinner=False)
def _waiting(revision: str) -> list[dict[str, Any]]:
    return retention.waiting(database())


def asked(plan_hash: str) -> Asked:
    """What a plan that waits was counted to delete when it was asked for; raises PlanUnknown."""
    return _asked(revision("governance"), plan_hash)


@st.cache_data(max_entries=4, show_spinner="Reading what was asked for …")
def _asked(revision: str, plan_hash: str) -> Asked:
    return retention.asked(database(), plan_hash)
