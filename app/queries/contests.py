"""Contested decisions: what waits for a person, and whether the policy that decides names a way to one."""

from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from app.queries import people, policies
from app.queries.access import database, revision, role, seen
from core.decisions.store_contests import ContestStore
from core.governance.permissions import Role


def of_lead(lead_id: str) -> pl.DataFrame:
    """The contests of a lead, the one that waits first; what people wrote is masked for who is looking."""
    return seen(_all(revision("governance", "signals")).filter(lead_id=lead_id), role())


def waiting() -> list[dict[str, Any]]:
    """The contests that wait for a person, the most pressing first, with `ref` and `lead` (name or ref) of each."""
    return _waiting(revision("governance", "signals", "policy"), role().value)


@st.cache_data(max_entries=4, show_spinner=False)
def _waiting(revision: str, role: str) -> list[dict[str, Any]]:
    found = ContestStore(database()).listed(only_open=True)
    who = people.cards(found["lead_id"].to_list(), Role(role)).select("lead_id", "ref", "lead").unique("lead_id")
    named = found.join(who, on="lead_id", how="left", maintain_order="left")
    return seen(named, Role(role)).to_dicts()


@st.cache_data(max_entries=2, show_spinner=False)
def _all(revision: str) -> pl.DataFrame:
    return ContestStore(database()).listed(only_open=False)


def contested() -> tuple[str, ...]:
    """The leads of which a contest waits for a person, whatever their newest decision says of it."""
    return _contested(revision("governance", "signals"))


@st.cache_data(max_entries=2, show_spinner=False)
def _contested(revision: str) -> tuple[str, ...]:
    return ContestStore(database()).waiting()


def has_way() -> bool:
    """Whether a decision can be contested."""
    deciding = policies.live()
    privacy = deciding.policy.document.privacy if deciding else None
    return privacy is not None and privacy.human_review is not None


def is_late(due_at: datetime) -> bool:
    """Whether a person should have decided by now."""
    return due_at < database().clock.now().replace(tzinfo=None)
