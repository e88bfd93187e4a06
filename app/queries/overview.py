"""How far leads came, how well they were ranked, and what changed: the first page beside its figures."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from app.queries import funnel, leads, scope
from app.queries.access import database, revision, role, rooms, this_minute
from app.queries.scope import Days, Scope, Segment
from core.kernel.canonical import short
from core.kernel.database import LedgerPages, Narrowed
from core.kernel.times import from_text, to_text

LATEST_CHANGES = 9
FEWEST_CLOSED = 100
MOST_ENTRIES = 2_000
"""So many of the newest entries are looked at, however long the ledger is."""
ROUTINE = ("service.measured", "outbox.sent", "challenger.scored")
KINDS = {
    "users.created": "First users were created",
    "user.added": "A user was added",
    "user.disabled": "A user was disabled",
    "leads.imported": "Leads were loaded",
    "events.imported": "Events were loaded",
    "outcomes.imported": "Outcomes were loaded",
    "features.registered": "A feature set was registered",
    "features.forgotten": "A feature was taken out of its sets",
    "model.registered": "A model was trained",
    "model.approved": "A model was approved",
    "model.released": "Another model became the champion",
    "model.rolled_back": "The champion before scores again",
    "events.received": "Live events came in",
    "events.redriven": "Events that waited were let in",
    "events.compacted": "The log was put in order",
    "identity.redriven": "Ids that waited were let in",
    "identity.unmerged": "An id was separated from its lead",
    "breaker.closed": "A source was let in again",
    "contract.confirmed": "A source's data contract was confirmed",
    "schema.registered": "An event schema was registered",
    "features.built": "Features were built and kept",
    "key.issued": "A write key was issued",
    "key.revoked": "A write key was revoked",
    "policy.simulated": "A simulation was kept as evidence",
    "performance.reported": "What became of scored leads was judged",
    "quarantine.revealed": "Quarantined records were opened",
    "service.measured": "Service levels were measured",
    "feedback.given": "Somebody judged a lead",
    "view.saved": "A view was kept",
    "view.dropped": "A view was dropped",
    "annotation.added": "A moment was marked",
    "annotation.removed": "A mark was removed",
    "annotation.restored": "A mark came back",
    "policy.bootstrapped": "The shipped policy was put in force",
    "policy.drafted": "A policy was drafted",
    "policy.edited": "A policy draft was edited",
    "policy.submitted": "A policy was handed in",
    "policy.approved": "A policy was approved",
    "policy.changes_requested": "A policy was sent back",
    "policy.refused": "A policy was refused",
    "policy.discarded": "A policy draft was dropped",
    "policy.published": "A policy was published",
    "policy.rolled_back": "A policy was rolled back",
    "policy.rollout_advanced": "A rollout went on to its next step",
    "policy.expired": "A policy expired",
    "policy.glass_broken": "A policy decides without its approvals",
    "policy.publish_scheduled": "A publishing was scheduled",
    "policy.commented": "Somebody commented on a policy",
    "reps.imported": "Sales reps were loaded",
    "quarantine.discarded": "Records were given up",
    "decisions.recorded": "Leads were decided",
    "drift.reported": "Drift was measured",
    "challenger.scored": "A challenger scored leads in shadow",
    "recipe.finished": "A recipe finished",
    "decision.contested": "Somebody contested a decision",
    "contest.settled": "A contest was settled",
    "override.placed": "Leads were overruled by hand",
    "override.ended": "An override was undone",
    "outbox.sent": "Messages were sent to other systems",
    "outbox.retried": "Messages that failed were sent again",
    "report.charged": "A report took from its privacy budget",
    "retention.asked": "Somebody asked to delete old decisions",
    "retention.refused": "A deletion of old decisions was refused",
    "person.erased": "A person was erased",
    "decisions.retired": "Old decisions were retired",
    "events.retired": "Old events were retired",
    "outcomes.redriven": "Outcomes that waited were let in",
    "reps.redriven": "Reps that waited were let in",
}
COUNTED = {
    "accepted": "{:,} accepted",
    "new_leads": "{:,} new leads",
    "quarantined": "{:,} held back",
    "count": "{:,} decisions",
    "version": "version {}",
    "drifted": "{} features drifted",
    "moved": "{:,} decisions moved",
    "leads": "{:,} leads",
    "name": "{}",
}


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
    return _stages(_seen(), role().value, days, segment)


def _seen() -> str:
    """The revision of what stages, lift and segments are read from."""
    return revision("signals", "decisions", "policy", "models", "governance")


@st.cache_data(max_entries=12, show_spinner=False)
def _stages(revision: str, role: str, days: Days | None, segment: Segment) -> Stages:
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
    return _lift(_seen(), role().value, days, segment)


@st.cache_data(max_entries=12, show_spinner=False)
def _lift(revision: str, role: str, days: Days | None, segment: Segment) -> Lift:
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


@dataclass(frozen=True)
class Step:
    """One change of the store, in words."""

    title: str
    details: str
    moment: datetime
    actor: str
    seq: int


def changes(days: int | None = None) -> list[Step]:
    """The newest changes of the store in the last `days` by the clock (all: None), newest first.

    What one does again and again is told once, with how often. Without what the server does by itself all the time, and
    not further back than MOST_ENTRIES.
    """
    since = None if days is None else to_text(this_minute() - timedelta(days=days))
    return _changes(revision(), since)


@st.cache_data(max_entries=4, show_spinner=False)
def _changes(revision: str, since: str | None) -> list[Step]:
    told = database().newest_entries(MOST_ENTRIES, ROUTINE)
    told = told if since is None else told.filter(pl.col("at") >= since)
    run = pl.struct("kind", "actor").rle_id()
    newest = told.with_columns(run=run).group_by("run", maintain_order=True).agg(pl.all().last(), times=pl.len())
    return [_step(row) for row in newest.tail(LATEST_CHANGES).reverse().iter_rows(named=True)]


def ledger() -> tuple[str, int]:
    """What tells this store's ledger from others, and the number of its newest entry."""
    return _ledger(revision())


@st.cache_data(max_entries=2, show_spinner=False)
def _ledger(revision: str) -> tuple[str, int]:
    pages = LedgerPages(database())
    return short(pages.first_hash() or ""), pages.span(Narrowed()).newest or 0


def news(found: list[Step], seen: int) -> str:
    """How many of the changes came since the viewer last looked."""
    count = sum(one.seq > seen for one in found)
    return f"{count} of them since you last looked." if count else "Nothing new since you last looked."


def _step(row: dict[str, Any]) -> Step:
    body = json.loads(row["body"])
    told = [form.format(body[name]) for name, form in COUNTED.items() if body.get(name) not in (None, 0, "")]
    title = KINDS.get(row["kind"]) or str(row["kind"]).replace(".", ": ").replace("_", " ").capitalize()
    times = f" · {row['times']:,} times" if row["times"] > 1 else ""
    return Step(title + times, " · ".join(told), from_text(row["at"]), row["actor"], row["seq"])
