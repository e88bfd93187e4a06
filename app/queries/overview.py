"""Are we winning, and what changed: the first page's figures, each from its own streams."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from app.queries import data, leads, versions
from app.queries.access import database, revision, rooms
from core.kernel.times import from_text
from core.signals.store_pages import SignalPages

LATEST_CHANGES = 9
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
    "name": "{}",
}


@dataclass(frozen=True)
class Winning:
    """Closed leads: the share won in the last weeks against the weeks before, and won leads by week."""

    rate: float | None
    change: float | None
    won_by_week: tuple[float, ...]
    rate_by_week: tuple[float, ...]


def winning(weeks: int = 4) -> Winning:
    """The share of closed leads that were won, in the newest full `weeks` weeks and the ones before."""
    return _winning(revision("signals"), weeks)


@st.cache_data(max_entries=4, show_spinner=False)
def _winning(revision: str, weeks: int) -> Winning:
    found = SignalPages(database()).outcomes_by_week()
    if found.is_empty():
        totals = data.totals()
        closed = totals["won"] + totals["lost"]
        return Winning(totals["won"] / closed if closed else None, None, (), ())
    wide = found.group_by("week").agg(
        won=pl.col("leads").filter(pl.col("outcome") == "won").sum(), closed=pl.col("leads").sum()
    )
    wide = wide.sort("week")[-26:]
    now, before = wide[-weeks:], wide[-2 * weeks : -weeks]
    rate, earlier = _rate(now), _rate(before)
    change = None if rate is None or earlier is None else rate - earlier
    shares = (wide["won"] / wide["closed"]).to_list()
    return Winning(rate, change, tuple(float(count) for count in wide["won"]), tuple(shares))


def _rate(weeks: pl.DataFrame) -> float | None:
    won, closed = (int(weeks[name].sum()) for name in ("won", "closed"))
    return won / closed if closed else None


def funnel() -> pl.DataFrame:
    """stage and leads: from every lead known to those in the best band."""
    totals, board = data.totals(), leads.waiting()
    best = (versions.bands().order or [""])[0]
    eligible = board.filter(pl.col("disposition") == "PERMIT")
    stages = {
        "Known": totals["leads"],
        "Decided": board.height,
        "Eligible": eligible.height,
        "Routed": eligible["pool"].is_not_null().sum(),
        f"Band {versions.bands().label(best)}": (eligible["band"] == best).sum(),
    }
    return pl.DataFrame({"stage": list(stages), "leads": list(stages.values())})


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


def changes() -> list[Step]:
    """The newest changes of the store, newest first; what one does again and again is told once, with how often.

    Without what the server does by itself all the time, and not further back than MOST_ENTRIES.
    """
    return _changes(revision())


@st.cache_data(max_entries=4, show_spinner=False)
def _changes(revision: str) -> list[Step]:
    told = database().newest_entries(MOST_ENTRIES, ROUTINE)
    run = pl.struct("kind", "actor").rle_id()
    newest = told.with_columns(run=run).group_by("run", maintain_order=True).agg(pl.all().last(), times=pl.len())
    return [_step(row) for row in newest.tail(LATEST_CHANGES).reverse().iter_rows(named=True)]


def _step(row: dict[str, Any]) -> Step:
    body = json.loads(row["body"])
    told = [form.format(body[name]) for name, form in COUNTED.items() if body.get(name) not in (None, 0, "")]
    title = KINDS.get(row["kind"]) or str(row["kind"]).replace(".", ": ").replace("_", " ").capitalize()
    times = f" · {row['times']:,} times" if row["times"] > 1 else ""
    return Step(title + times, " · ".join(told), from_text(row["at"]), row["actor"], row["seq"])
