"""What the first page is narrowed to: days of the data, a segment of the leads, and what it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from app.queries import data, desk, leads, overrides, people
from app.queries.access import database, revision, role, rooms
from core.governance.permissions import Role
from core.signals.store_pages import SignalPages

DAY = timedelta(days=1)
RANGES = {"P7D": "7 days", "P30D": "30 days", "P90D": "90 days", "all": "All time"}
USUAL = "P30D"
DAYS = {"P7D": 7, "P30D": 30, "P90D": 90}
COMPARED = {"before": "vs the days before", "year": "vs a year earlier", "none": "No comparison"}
EVERYBODY = leads.Filter("all")
BY = {"region": "Region", "segment": "Segment"}
MOST_LEVELS = 40


@dataclass(frozen=True)
class Days:
    """Whole days (UTC), the first and the last included."""

    first: date
    last: date

    def words(self) -> str:
        """`29 Aug to 27 Sep 2026`."""
        return f"{self.first:%d %b} to {self.last:%d %b %Y}"

    def holds(self, column: str) -> pl.Expr:
        """Whether a column of moments or days lies within."""
        return pl.col(column).cast(pl.Date).is_between(self.first, self.last)


@dataclass(frozen=True)
class Segment:
    """Leads that are looked at by themselves: those that a filter of Leads lets through."""

    word: str
    label: str
    chosen: leads.Filter

    @property
    def is_of_attributes(self) -> bool:
        """Whether it asks only who the leads are, so that leads that were never decided belong to it too."""
        asked = leads.Filter("all", regions=self.chosen.regions, segments=self.chosen.segments)
        return self.chosen == asked


EVERYONE = Segment("", "All leads", EVERYBODY)


@dataclass(frozen=True)
class Scope:
    """The days shown (None: all there are), those they are compared with, why there are none, and the segment."""

    tr: str
    days: Days | None
    earlier: Days | None
    nothing: str
    against: str
    segment: Segment

    def words(self) -> str:
        """What is shown and what it is compared with, in a line."""
        shown = f"{self.days.words()}, the last {RANGES[self.tr]} of the data" if self.days else "All time"
        who = "" if self.segment.chosen == EVERYBODY else f" · {self.segment.label}"
        beside = f" · changes against {self.earlier.words()}" if self.earlier else ""
        beside += f" · {self.nothing}" if self.nothing else ""
        return shown + who + beside


def segments() -> dict[str, Segment]:
    """By word: all leads, each region and segment of decided leads, and the saved views of Leads that one may open."""
    found = [EVERYONE]
    for name, label in BY.items():
        found += [
            Segment(f"{name}:{one}", f"{label} {one}", _of_level(name, one))
            for one in leads.choices(name)[:MOST_LEVELS]
        ]
    for view in desk.views("leads"):
        kept = kept_filter(view.parameters)
        found.append(Segment(f"view:{view.owner}/{view.name}", f"View {view.name}", kept))
    return {one.word: one for one in found}


def _of_level(name: str, level: str) -> leads.Filter:
    return leads.Filter("all", regions=(level,)) if name == "region" else leads.Filter("all", segments=(level,))


def kept_filter(parameters: Mapping[str, Any]) -> leads.Filter:
    """The filter of Leads that a saved view keeps."""
    view = parameters.get("view")
    kept = {name: tuple(parameters.get(name) or ()) for name in leads.LISTS}
    return leads.Filter(view if view in leads.VIEWS else "all").with_lists(kept)


def scope(tr: str, segment: Segment, compare: str) -> Scope:
    """The scope that the words name, ending with the data's newest day."""
    days, span = range_of(tr), span_of_data()
    if days is None or span is None or compare == "none":
        undated = "no event, decision or outcome has a date, so that there are no days to choose"
        nothing = undated if span is None else "" if compare == "none" else "all time has nothing to compare with"
        return Scope(tr, days, None, nothing, "", segment)
    earlier = _before(days) if compare == "before" else Days(_a_year_before(days.first), _a_year_before(days.last))
    against = f"vs {DAYS[tr]} d before" if compare == "before" else "vs a year earlier"
    if earlier.first < span.first:
        nothing = f"nothing to compare with: the data begin on {span.first:%d %b %Y}, {earlier.words()} was asked for"
        return Scope(tr, days, None, nothing, "", segment)
    return Scope(tr, days, earlier, "", against, segment)


def range_of(tr: str) -> Days | None:
    """The days of a token, to the newest day of the data; None for all time, and where there are no data."""
    span = span_of_data()
    if tr not in DAYS or span is None:
        return None
    return Days(span.last - (DAYS[tr] - 1) * DAY, span.last)


def span_of_data() -> Days | None:
    """From the first day with an event, decision or outcome to the last; None where nothing has a date."""
    return _span(revision("signals", "decisions"))


@st.cache_data(max_entries=2, show_spinner=False)
def _span(revision: str) -> Days | None:
    events, decided = data.by_day()["at"], leads.board()["as_of"]
    known = [events.min(), events.max(), decided.min(), decided.max()]
    moments: list[datetime] = [one for one in known if one is not None]  # type: ignore[misc]
    moments = moments or closed()["at"].drop_nulls().to_list()
    return Days(min(moments).date(), max(moments).date()) if moments else None


def closed() -> pl.DataFrame:
    """Each closed lead's first outcome: lead_id, outcome, at, received_at, amount."""
    return _closed(revision("signals"))


@st.cache_resource(max_entries=2, show_spinner=False)
def _closed(revision: str) -> pl.DataFrame:
    return rooms().signals.outcome_frame()


def _before(days: Days) -> Days:
    length = days.last - days.first
    return Days(days.first - length - DAY, days.first - DAY)


def _a_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def of_segment(frame: pl.DataFrame, segment: Segment) -> pl.DataFrame:
    """The rows of a frame with `lead_id` whose leads are in the segment."""
    if segment.chosen == EVERYBODY:
        return frame
    return frame.join(members(segment), on="lead_id", how="semi", maintain_order="left")


def members(segment: Segment) -> pl.DataFrame:
    """lead_id of the leads of the segment; of one that asks how leads were decided, decided leads only."""
    seen = revision("signals", "decisions", "policy", "governance")
    return _members(seen, overrides.turn(), role().value, segment)


@st.cache_resource(max_entries=4, show_spinner=False)
def _members(revision: str, turn: overrides.Turn, role: str, segment: Segment) -> pl.DataFrame:
    if not segment.is_of_attributes:
        return leads.matching(segment.chosen).select("lead_id")
    everybody = SignalPages(database()).every_lead()
    cards = people.cards(everybody["lead_id"].to_list(), Role(role))
    asked = {"region": segment.chosen.regions, "segment": segment.chosen.segments}
    return cards.filter(pl.col(name).is_in(levels) for name, levels in asked.items() if levels).select("lead_id")
