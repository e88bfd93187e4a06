"""Who has which leads: the reps with their load and caps, and why a lead has nobody."""

import json
from dataclasses import dataclass

import polars as pl
import streamlit as st

from app.queries import leads, overrides, versions
from app.queries.access import revision, rooms
from core.decisions.assigning import POOL, WORDS

NOBODY = "no sales reps were imported"
QUEUE = "the pool is worked as a queue"
BY_HAND = "routed by hand to nobody in particular"


@dataclass(frozen=True)
class Owners:
    """The reps with their leads; the leads of each reason that have nobody; those in pools that raise an alarm."""

    reps: pl.DataFrame
    nobody: pl.DataFrame
    alarming: dict[str, int]


def owners() -> Owners:
    """The board by assignee, and why the others have none."""
    return _owners(revision("signals", "decisions", "policy"), overrides.turn())


@st.cache_data(max_entries=4, show_spinner=False)
def _owners(revision: str, turn: overrides.Turn) -> Owners:
    rows = leads.waiting().filter((pl.col("disposition") == "PERMIT") | pl.col("is_placed"))
    reps = rooms().signals.reps()
    places = reps.group_by("assignee").agg(
        pl.col("pool").sort().str.join(", ").alias("pools"),
        *(pl.col(name).max() for name in ("per_day", "max_open", "weight")),
        *(pl.col(name).drop_nulls().first() for name in ("calendar", "territory", "away")),
    )
    load = (
        rows.filter(pl.col("assignee").is_not_null())
        .group_by("assignee")
        .agg(open=pl.len(), due=pl.col("sla_min").min(), best=pl.col("percentile").max())
    )
    found = places.join(load, on="assignee", how="full", coalesce=True).with_columns(pl.col("open").fill_null(0))
    without = rows.filter(pl.col("assignee").is_null())
    asked = without.select("pool", "reasons", "is_placed").iter_rows()
    why = [BY_HAND if placed else _why(pool, text, reps.is_empty()) for pool, text, placed in asked]
    nobody = without.with_columns(pl.Series("why", why, dtype=pl.String)).group_by("pool", "why").agg(leads=pl.len())
    return Owners(found.sort("open", "assignee", descending=[True, False]), nobody.sort("leads", descending=True),
                  _alarming(rows))  # fmt: skip


def _why(pool: str | None, reasons: str, no_reps: bool) -> str:
    """Why a lead has nobody: the first pool's reason where one was passed, else what the pool is."""
    passed = [one for one in json.loads(reasons) if str(one["rule"]).startswith(POOL)]
    if passed:
        return WORDS.get(passed[0]["reason"], str(passed[0]["reason"]))
    return NOBODY if no_reps else QUEUE


def _alarming(rows: pl.DataFrame) -> dict[str, int]:
    policy = versions.policy_of(None)
    pools = {name for name, pool in policy.document.pools.items() if pool.alert} if policy else set()
    found = rows.filter(pl.col("pool").is_in(list(pools))).group_by("pool").agg(leads=pl.len())
    return dict(found.sort("pool").iter_rows())
