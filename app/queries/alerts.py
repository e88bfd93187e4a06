"""What needs somebody, on the first page: drift, what is due, contests, deletions, messages, records and models."""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from app.queries import contests, data, leads, outbox, owners, release, retention, versions
from app.queries.access import database, revision, rooms, this_minute
from core.decisions.store_contests import ContestStore
from core.governance.feedback import Verdict
from core.policy.states import State

WAITING = (State.SUBMITTED, State.APPROVED, State.CHANGES_REQUESTED)


@dataclass(frozen=True)
class Alert:
    """Something to look at: how bad (red, orange, blue), what, the page that shows it, and what the page is to open."""

    colour: str
    icon: str
    text: str
    page: str
    opens: tuple[tuple[str, str], ...] = ()


def alerts() -> list[Alert]:
    """What needs somebody, worst first."""
    found = [*_timed(revision("policy", "governance"), this_minute()), *_alerts(revision())]
    return sorted(found, key=lambda one: ("red", "orange", "blue").index(one.colour))


@st.cache_data(max_entries=4, show_spinner=False)
def _timed(revision: str, minute: datetime) -> list[Alert]:
    """What gets worse as time passes."""
    return [one for one in (*_due(), _contests()) if one]


@st.cache_data(max_entries=4, show_spinner=False)
def _alerts(revision: str) -> list[Alert]:
    found = [_drift(), _unplaced(), _deletions(), _approvals(), _dead(), _quarantine(), _junk(), _leaks(), _trial()]
    return [one for one in found if one]


def _drift() -> Alert | None:
    champion = rooms().models.champion()
    told = rooms().drift.newest(champion.model_hash) if champion else None
    if told is None:
        return None
    drifted, moved = told["features_drifted"], told["decisions_moved"]
    text = f"**{drifted} features drifted**, {moved:,} decisions would move"
    return Alert("red" if moved else "orange", "query_stats", text, "drift") if drifted else None


def _approvals() -> Alert | None:
    waiting = [one for one in rooms().policies.history() if one.state in WAITING]
    names = ", ".join(one.ref for one in waiting[:2])
    text = f"**{len(waiting)} policy version{'s' if len(waiting) > 1 else ''}** on the way: {names}"
    return Alert("orange", "verified_user", text, "approvals") if waiting else None


def _due() -> list[Alert]:
    """Reviews, expiries, emergencies and schedules of the policies; contests are told by themselves."""
    return [
        Alert("red" if one.is_due else "orange", "alarm", f"**{one.text}** ({one.at:%d %b, %H:%M} UTC)", "approvals")
        for one in release.alarms()
        if one.kind != "contest"
    ]


def _contests() -> Alert | None:
    open_now = ContestStore(database()).listed(only_open=True)
    if open_now.is_empty():
        return None
    first, many = open_now.row(0, named=True), open_now.height
    verb = "decisions are" if many > 1 else "decision is"
    text = f"**{many} {verb} contested**: a person decides by {first['due_at']:%d %b, %H:%M} UTC"
    late = contests.is_late(first["due_at"])
    return Alert("red" if late else "orange", "gavel", text, "approvals", (("v", first["contest_id"]),))


def _deletions() -> Alert | None:
    asked = retention.waiting()
    if not asked:
        return None
    text = f"**{asked[0]['decisions']:,} old decisions** wait for a second person before they are deleted"
    return Alert("orange", "auto_delete", text, "approvals", (("v", f"deletion-{asked[0]['plan'][7:19]}"),))


def _dead() -> Alert | None:
    dead = outbox.counts()["dead"]
    text = f"**{dead:,} message{'s' if dead > 1 else ''}** to other systems could not be delivered"
    return Alert("orange", "unsubscribe", text, "observability") if dead else None


def _unplaced() -> Alert | None:
    found = owners.owners().alarming if not leads.board().is_empty() else {}
    told = ", ".join(f"{count:,} in {pool}" for pool, count in found.items())
    return Alert("red", "person_off", f"**Leads in pools that raise an alarm**: {told}", "leads") if found else None


def _quarantine() -> Alert | None:
    held = data.totals()["quarantined"]
    return (
        Alert("orange", "inventory_2", f"**{held:,} records** wait in quarantine", "data", (("tab", "Quarantine"),))
        if held
        else None
    )


def _junk() -> Alert | None:
    best = (versions.bands().order or [""])[0]
    junk = leads.matching(leads.Filter("all", (best,), said=(Verdict.JUNK,))).height if best else 0
    text = (
        f"**{junk:,} lead{'s' if junk > 1 else ''} of band {versions.bands().label(best)}** called junk by the people"
    )
    return Alert("orange", "thumb_down", text, "leads") if junk else None


def _leaks() -> Alert | None:
    champion = rooms().models.champion()
    left_out = list(champion.lineage.get("left_out") or ()) if champion else []
    text = f"**{len(left_out)} suspected leaks** were left out of the newest model"
    return Alert("blue", "water_drop", text, "train") if left_out else None


def _trial() -> Alert | None:
    board = leads.waiting()
    trial = int((board["arm"] == "trial").sum()) if board.height else 0
    champion = rooms().models.champion()
    approved = champion is not None and rooms().model_releases.is_approved(champion.model_hash)
    why = "made before the model was approved" if approved else "the model is not yet approved by a second person"
    text = f"**{trial:,} decisions are a trial**: {why}"
    return Alert("blue", "experiment", text, "train" if approved else "approvals") if trial else None
