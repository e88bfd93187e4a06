"""The head of Lead 360: the time to look from, and the figures of the decision in force then."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

import streamlit as st

from app import live, session
from app.components import badges, glossary, kpi, lead_feedback, override_form, permitted
from app.queries import lead as reads
from app.queries import versions
from app.queries.lead import Lead
from core.decisions.record import Record
from core.governance.permissions import Permission


def wrong_moment() -> str | None:
    """What the address asks to look from where that is no time, or one to come; the choice of a time drops it."""
    asked = session.parameter("asof")
    try:
        is_past = not asked or datetime.fromisoformat(asked).replace(tzinfo=None) <= _latest()
    except ValueError:
        is_past = False
    return None if is_past else asked


def refuse(asked: str | None) -> None:
    """Draw why the address's time is not looked from, if it is not."""
    if asked is not None:
        told = f"`{asked}` is no time up to today, so this is what is known now. Choose a time under **As known at**."
        st.warning(told, icon=":material/block:")


def _latest() -> datetime:
    return datetime.combine(live.now().date(), time(23, 59))


def moment() -> datetime | None:
    """Draw the choice of a time (UTC) to look from, today at the latest; None means now."""
    chosen = st.datetime_input(
        "As known at (UTC)", value=None, max_value=_latest(), key="asof", bind="query-params", width=190,
        help="Time travel: what was known, decided and scored at that moment.",
    )  # fmt: skip
    return chosen.replace(tzinfo=UTC) if chosen else None


def show(lead: Lead, record: Record, by_hand: Sequence[Mapping[str, Any]], *, is_past: bool) -> None:
    """Draw the figures of the decision, its versions, the lead's outcome, and what people said over it by hand."""
    bands, grades = versions.bands(record.policy_hash), reads.grades(lead.lead_id, record.decision_id)
    rank = "–" if record.percentile is None else f"{int(record.percentile)}"
    kpi.tiles(
        [
            kpi.Kpi("Percentile", rank, help=glossary.term("percentile")),
            kpi.Kpi("Score", f"{record.score:.4f}", help=glossary.term("score")),
            kpi.Kpi("Band", _band(record, bands), help=glossary.term("band")),
            kpi.Kpi("Fit × engagement", grades, help=glossary.term("fit")),
            kpi.Kpi(
                "Pool by policy" if by_hand else "Pool",
                record.pool or "none",
                note=_due(record),
                help=glossary.term("pool"),
            ),
        ],
        "lead_figures",
    )
    looking_back = ":orange-badge[:material/history: Looking back] " if session.value("asof") else ""
    names = f"policy **{versions.policy_name(record.policy_hash)}** · **{versions.model_name(record.model_hash)}**"
    moment = f"as of {reads.minute(record.as_of, '')}" if record.as_of else "undated"
    times = f"{moment} · decided {reads.minute(record.decided_at, '')}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{looking_back}{badges.trial(record.arm)} :gray[{names} · {times} · {_ended(lead)}]")
        lead_feedback.show(lead.lead_id, lead.ref, "lead_feedback")
        if not is_past:
            _override(lead)
    override_form.words(by_hand, "lead_words", ends=not is_past)


def _override(lead: Lead) -> None:
    is_over = lead.outcome is not None
    if st.button(
        "Override", icon=":material/back_hand:", key="lead_override", shortcut="O",
        **permitted.by(
            Permission.OVERRIDE, disabled=is_over, help="The lead is closed." if is_over else glossary.term("by_hand")
        ),
    ):  # fmt: skip
        override_form.dialog([lead.lead_id], "lead_override_form")


def _band(record: Record, bands: versions.Bands) -> str:
    return f"{bands.label(record.band)} · {record.band}" if record.band else record.disposition.lower()


def _due(record: Record) -> str | None:
    due = f"within {record.sla_min} min" if record.sla_min else None
    action = record.action and record.action.replace("_", " ")
    return " · ".join(part for part in (action, due) if part) or None


def _ended(lead: Lead) -> str:
    if lead.outcome is None:
        return "still open"
    return f"**{lead.outcome}**" + (f" on {lead.closed_at:%d %b %Y}" if lead.closed_at else "")
