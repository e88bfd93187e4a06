"""The figures over the leads: how many stand where, and how that came day by day."""

import json
from dataclasses import dataclass
from datetime import date

import polars as pl
import streamlit as st

from app.queries import leads, versions
from app.queries.access import database, revision
from core.decisions.store_board import DecisionBoard

DAYS_SHOWN = 60


def days() -> pl.DataFrame:
    """How the open leads stood on each day that decided any: see DecisionBoard.by_day."""
    return _days(revision("signals", "decisions"))


@st.cache_data(max_entries=4, show_spinner=False)
def _days(revision: str) -> pl.DataFrame:
    return DecisionBoard(database()).by_day()


def _summed(name: str) -> tuple[float, ...]:
    """A count of all bands together on each of the last days."""
    return tuple(days().group_by("day", maintain_order=True).agg(pl.sum(name))[name].cast(pl.Float64)[-DAYS_SHOWN:])


def sizes() -> tuple[float, ...]:
    """How many leads stood decided and open on each of the last days, oldest first."""
    return _summed("leads")


@dataclass(frozen=True)
class Figures:
    """The figures over the grid, for the best band: how many, how many wins to expect, who is new, who is held.

    Changes are against the day before the newest that decided any lead, `since`.
    """

    top: str
    leads: int
    since: date | None
    change: int | None
    course: tuple[float, ...]
    expected: float
    expected_change: str | None
    expected_course: tuple[float, ...]
    new: int
    new_course: tuple[float, ...]
    held: int
    held_course: tuple[float, ...]
    held_why: str
    routed: float


def figures() -> Figures:
    """The figures of the board as it stands."""
    return _figures(revision("signals", "decisions", "policy"))


@st.cache_data(max_entries=4, show_spinner=False)
def _figures(revision: str) -> Figures:
    rows, best = leads.waiting(), (versions.bands().order or [""])[0]
    top, held = rows.filter(pl.col("band") == best), rows.filter(pl.col("disposition") == "HOLD")
    by_day = days().filter(pl.col("band") == best)[-DAYS_SHOWN:]
    before = by_day.row(-2, named=True) if by_day.height > 1 else None
    expected = float(top["score"].sum())
    return Figures(
        top=best,
        leads=top.height,
        since=before["day"] if before else None,
        change=top.height - before["leads"] if before else None,
        course=tuple(by_day["leads"].cast(pl.Float64)),
        expected=expected,
        expected_change=f"{expected - before['score']:+,.1f}" if before else None,
        expected_course=tuple(by_day["score"]),
        new=top.filter(pl.col("moved")).height,
        new_course=tuple(by_day["arrived"].cast(pl.Float64)),
        held=held.height,
        held_course=_summed("held"),
        held_why=_commonest_reason(held),
        routed=rows["pool"].is_not_null().mean() or 0.0,  # type: ignore[arg-type]
    )


def _commonest_reason(held: pl.DataFrame) -> str:
    codes = [reason["reason"] for text in held["reasons"] for reason in json.loads(text) if reason["reason"]]
    return max(sorted(set(codes)), key=codes.count).replace("_", " ") if codes else ""
