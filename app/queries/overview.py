"""What changed in the store, in words, and what of it is new."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import streamlit as st

from app.queries.access import database, revision, this_minute
from core.kernel.canonical import short
from core.kernel.database import LedgerPages, Narrowed
from core.kernel.times import from_text, to_text

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
