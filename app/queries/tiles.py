"""The first page's figures for a scope: wins, leads, the best band and events, each beside the days before."""

from dataclasses import dataclass
from datetime import date

import polars as pl
import streamlit as st

from app.queries import data, leads, scope, versions
from app.queries.access import database, revision, role
from app.queries.scope import Days, Scope
from core.decisions.store_board import DecisionBoard
from core.signals.store_pages import SignalPages

MOST_POINTS = 45
"""Longer courses are summed by week."""
UNKNOWN_THEN = "not known then"
Course = tuple[float, ...]


@dataclass(frozen=True)
class Figure:
    """A figure of the scope's days: its value, that of the days compared (None: not known), and its course."""

    value: float | None
    before: float | None
    course: Course = ()

    @property
    def change(self) -> float | None:
        """By how much it moved, None where there is nothing to compare."""
        return None if self.value is None or self.before is None else self.value - self.before


@dataclass(frozen=True)
class Tiles:
    """The five figures; `won` and `events` are sums over the days, `decided` and `top` how many stand at their end.

    `undated` outcomes have no day, and count for all time only.
    """

    rate: Figure
    won: Figure
    decided: Figure
    top: Figure
    events: Figure
    closed: int
    undated: int
    by: str


def tiles(asked: Scope) -> Tiles:
    """The figures of the scope."""
    return _tiles(revision("signals", "decisions", "policy", "governance"), role().value, asked)


@st.cache_data(max_entries=12, show_spinner=False)
def _tiles(revision: str, role: str, asked: Scope) -> Tiles:
    ended = scope.of_segment(scope.closed(), asked.segment)
    shown, earlier = _of(ended, "at", asked.days), _beside(ended, "at", asked)
    won, won_before = _won(shown), None if earlier is None else _won(earlier)
    by, wins = course(shown.filter(pl.col("outcome") == "won"), "at", asked.days)
    closed = dict(course(shown, "at", asked.days)[1])
    rates = tuple(count / closed[at] for at, count in wins if closed.get(at))
    return Tiles(
        rate=Figure(_share(won, shown.height), None if earlier is None else _share(won_before, earlier.height), rates),
        won=Figure(won, won_before, tuple(count for _, count in wins)),
        decided=_standing(asked, None),
        top=_standing(asked, (versions.bands().order or [""])[0]),
        events=_events(asked),
        closed=shown.height,
        undated=ended["at"].null_count(),
        by=by,
    )


def _of(frame: pl.DataFrame, column: str, days: Days | None) -> pl.DataFrame:
    return frame if days is None else frame.filter(days.holds(column))


def _beside(frame: pl.DataFrame, column: str, asked: Scope) -> pl.DataFrame | None:
    return None if asked.earlier is None else frame.filter(asked.earlier.holds(column))


def _won(frame: pl.DataFrame) -> int:
    return int((frame["outcome"] == "won").sum())


def _share(part: int | None, whole: int) -> float | None:
    return part / whole if part is not None and whole else None


def course(frame: pl.DataFrame, column: str, days: Days | None) -> tuple[str, list[tuple[date, float]]]:
    """How many rows each day has, by week where that is clearer, as (`day` or `week`, moments and counts, oldest
    first); days without any count 0.
    """
    known = frame.drop_nulls(column).select(day=pl.col(column).cast(pl.Date)).with_columns(n=pl.lit(1.0))
    return spread(known, days)


def spread(counts: pl.DataFrame, days: Days | None) -> tuple[str, list[tuple[date, float]]]:
    """The same of rows (day, n)."""
    if counts.is_empty() and days is None:
        return "day", []
    first, last = (days.first, days.last) if days else (counts["day"].min(), counts["day"].max())
    every = pl.DataFrame({"day": pl.date_range(first, last, eager=True), "n": 0.0})  # type: ignore[arg-type]
    whole = pl.concat([every, counts.select("day", pl.col("n").cast(pl.Float64))])
    by = "day" if every.height <= MOST_POINTS else "week"
    begins = pl.col("day") if by == "day" else pl.col("day").dt.truncate("1w")
    return by, whole.group_by(begins).agg(pl.sum("n")).sort("day").rows()


def _standing(asked: Scope, band: str | None) -> Figure:
    """How many open leads stand decided, of one band or all, and how many did on the last day compared."""
    of_band = pl.lit(True) if band is None else pl.col("band") == band
    now = scope.of_segment(leads.waiting(), asked.segment).filter(of_band).height
    by_day = _by_day(revision("signals", "decisions"), role().value, asked.segment).filter(of_band)
    summed = by_day.group_by("day", maintain_order=True).agg(pl.sum("leads"))
    shown = _of(summed, "day", asked.days)
    before = None if asked.earlier is None else summed.filter(pl.col("day") <= asked.earlier.last)
    stood = None if before is None or before.is_empty() else float(before["leads"][-1])
    return Figure(now, stood, tuple(shown["leads"].cast(pl.Float64)))


@st.cache_data(max_entries=6, show_spinner=False)
def _by_day(revision: str, role: str, segment: scope.Segment) -> pl.DataFrame:
    only = None if segment.chosen == scope.EVERYBODY else scope.members(segment)
    return DecisionBoard(database()).by_day(only)


def _events(asked: Scope) -> Figure:
    if asked.segment.chosen == scope.EVERYBODY:
        found = data.by_day().select(day=pl.col("at").cast(pl.Date), n="n")
    else:
        found = SignalPages(database()).by_day_of(scope.members(asked.segment))
        found = found.select(day=pl.col("day").cast(pl.Date), n="events")
    earlier = _beside(found, "day", asked)
    points = spread(_of(found, "day", asked.days), asked.days)[1]
    before = None if earlier is None else float(earlier["n"].sum())
    return Figure(float(_of(found, "day", asked.days)["n"].sum()), before, tuple(count for _, count in points))


def outcomes_over_time(asked: Scope) -> pl.DataFrame:
    """at, kind (Won or Lost) and n by day or week, for a chart."""
    return _outcomes_over_time(revision("signals", "decisions", "policy", "governance"), role().value, asked)


@st.cache_data(max_entries=12, show_spinner=False)
def _outcomes_over_time(revision: str, role: str, asked: Scope) -> pl.DataFrame:
    shown = _of(scope.of_segment(scope.closed(), asked.segment), "at", asked.days)
    parts = []
    for outcome, kind in (("won", "Won"), ("lost", "Lost")):
        rows = course(shown.filter(pl.col("outcome") == outcome), "at", asked.days)[1]
        parts.append(
            pl.DataFrame(rows, schema={"at": pl.Date, "n": pl.Float64}, orient="row").with_columns(kind=pl.lit(kind))
        )
    return pl.concat(parts).with_columns(pl.col("at").cast(pl.Datetime("us")))
