"""How far decided leads came, and how well they were ranked, on the days and for the segment of the first page."""

from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from app.queries import funnel, leads, overrides, scope
from app.queries.access import revision, role, rooms
from app.queries.scope import Days, Scope, Segment

FEWEST_CLOSED = 100
"""Fewer closed leads say nothing of tenths."""


@dataclass(frozen=True)
class Stages:
    """How many leads came how far; how many routed ones are known not to be touched, and of how many nobody says."""

    counts: dict[str, int]
    untouched: int
    unsaid: int

    @property
    def touches_known(self) -> bool:
        """Whether anything says of any routed lead if it was worked."""
        return self.counts["routed"] > self.unsaid

    def shown(self) -> list[tuple[str, int | None]]:
        """Each stage by its name with its leads, None where that is not known."""
        known = {**self.counts, "touched": self.counts["touched"] if self.touches_known else None}
        return [(label, known[stage]) for stage, label in funnel.STAGES.items()]


def stages(days: Days | None, segment: Segment) -> Stages:
    """How far the leads came that were scored on these days."""
    return _stages(_seen(), overrides.turn(), role().value, days, segment)


def _seen() -> str:
    """The revision of what stages, lift and segments are read from."""
    return revision("signals", "decisions", "policy", "models", "governance")


@st.cache_data(max_entries=12, show_spinner=False)
def _stages(revision: str, turn: overrides.Turn, role: str, days: Days | None, segment: Segment) -> Stages:
    found = scope.of_segment(_ways(days), segment)
    counts = {stage: found.filter(passed).height for stage, passed in funnel.PASSED.items()}
    routed = found.filter(funnel.ROUTED)["is_touched"]
    return Stages(counts, int((~routed).sum()), routed.null_count())


def in_words(found: Stages) -> str:
    """How far they came, in two sentences; who nobody says was touched is not counted as untouched."""
    counts = found.counts
    if found.touches_known:
        touched = (
            f"{counts['touched']:,} were touched, {found.untouched:,} were not, of {found.unsaid:,} nobody says yet"
        )
    else:
        touched = "whether they were touched is not known yet: no work is recorded on them"
    routed = f"Of {counts['scored']:,} scored leads {counts['routed']:,} were routed"
    return f"{routed}; {touched}. {counts['converted']:,} won since."


def funnel_before(asked: Scope) -> str:
    """How far those came that were scored on the days compared, in a sentence; empty where no days are compared."""
    if asked.earlier is None:
        return ""
    counts = stages(asked.earlier, asked.segment).counts
    if not counts["scored"]:
        return f"Nobody was scored from {asked.earlier.words()}."
    told = f"{counts['scored']:,} scored, {counts['routed']:,} routed, {counts['converted']:,} won since"
    return f"From {asked.earlier.words()}: {told}."


def lift_before(asked: Scope) -> str:
    """The lift of the days compared, in a sentence; empty where no days are compared."""
    if asked.earlier is None:
        return ""
    found = lift(asked.earlier, asked.segment)
    if found.deciles.is_empty():
        return "Too few to tell for the days compared."
    return (
        f"From {asked.earlier.words()}: {found.deciles['rate'][0]:.0%} of the best tenth, {found.base_rate:.0%} of all."
    )


def opens(stage: str, asked: Scope) -> dict[str, str | list[str]]:
    """The parameters under which Leads lists the leads that came as far as the stage."""
    chosen = asked.segment.chosen
    kept = {name: list(map(str, values)) for name, values in chosen.lists().items() if values}
    return {"view": leads.VIEWS[chosen.view], "stage": stage, "tr": asked.tr, **kept}


def _ways(days: Days | None) -> pl.DataFrame:
    return funnel.ways(*((days.first, days.last) if days else (None, None)))


@dataclass(frozen=True)
class Lift:
    """Win rate by tenth of the ranking (decile, rate, rows; 1 is the best), that of all, and whose they are.

    `why` says why there are no tenths, where there are none.
    """

    deciles: pl.DataFrame
    base_rate: float
    whose: str
    why: str = ""


def lift(days: Days | None, segment: Segment) -> Lift:
    """The lift of what was decided on these days and has closed since; of the newest model's test leads for all."""
    return _lift(_seen(), overrides.turn(), role().value, days, segment)


@st.cache_data(max_entries=12, show_spinner=False)
def _lift(revision: str, turn: overrides.Turn, role: str, days: Days | None, segment: Segment) -> Lift:
    if days is None and segment == scope.EVERYONE:
        latest = model()
        if latest is None or latest.deciles.is_empty():
            return Lift(pl.DataFrame(), 0.0, "", "No model yet.")
        return Lift(latest.deciles, latest.base_rate, f"{latest.name}, {latest.split} split, leads it had not seen")
    ended = (
        scope.of_segment(_ways(days), segment).filter("has_closed").sort("score", "lead_id", descending=[True, False])
    )
    won = ended.with_columns(y=pl.col("is_ended_won").cast(pl.Int64))
    base = won["y"].mean() or 0.0
    if ended.height < FEWEST_CLOSED or not won["y"].sum():
        why = f"{ended.height:,} leads scored on these days have closed since, {int(won['y'].sum()):,} of them won"
        return Lift(pl.DataFrame(), 0.0, "", f"Too few to tell: {why}; {FEWEST_CLOSED} are needed, and a win.")
    tenth = pl.int_range(pl.len()) * 10 // pl.len() + 1
    found = won.with_columns(decile=tenth).group_by("decile").agg(rate=pl.col("y").mean(), rows=pl.len()).sort("decile")
    return Lift(found, float(base), f"the {ended.height:,} leads scored on these days that have closed since")  # type: ignore[arg-type]


@dataclass(frozen=True)
class Latest:
    """The newest model: name, time split, lift by tenth and the base rate of the test leads."""

    name: str
    auc: float | None
    split: str | None
    deciles: pl.DataFrame
    base_rate: float


def model() -> Latest | None:
    """The newest model with its lift by tenth, None where there is none."""
    return _model(revision("models"))


@st.cache_data(max_entries=4, show_spinner=False)
def _model(revision: str) -> Latest | None:
    champion = rooms().models.champion()
    if champion is None:
        return None
    told: dict[str, Any] = dict(champion.metrics)
    lift = (told.get("charts") or {}).get("lift") or []
    kinds = {"decile": pl.Int64, "rate": pl.Float64, "rows": pl.Int64}
    deciles = pl.DataFrame([{name: one[name] for name in kinds} for one in lift], schema=kinds)
    return Latest(
        f"model {champion.version}", told.get("auc"), told.get("split"), deciles, told.get("base_rate_test") or 0.0
    )
