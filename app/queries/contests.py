"""Contested decisions: what waits for a person, and whether the policy that decides names a way to one."""

from datetime import datetime

import polars as pl
import streamlit as st

from app.queries import policies
from app.queries.access import database, revision, role, seen
from core.decisions.store_contests import ContestStore


def of_lead(lead_id: str) -> pl.DataFrame:
    """The contests of a lead, the one that waits first; what people wrote is masked for who is looking."""
    return seen(_all(revision("governance")).filter(lead_id=lead_id), role())


@st.cache_data(max_entries=2, show_spinner=False)
def _all(revision: str) -> pl.DataFrame:
    return ContestStore(database()).listed(only_open=False)


def has_way() -> bool:
    """Whether a decision can be contested."""
    deciding = policies.live()
    privacy = deciding.policy.document.privacy if deciding else None
    return privacy is not None and privacy.human_review is not None


def is_late(due_at: datetime) -> bool:
    """Whether a person should have decided by now."""
    return due_at < database().clock.now().replace(tzinfo=None)
