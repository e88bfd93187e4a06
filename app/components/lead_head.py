"""The head of Lead 360: the time to look from, and the figures of the decision in force then."""

from datetime import UTC, datetime

import streamlit as st

from app.components import badges, glossary, kpi
from app.queries import lead as reads
from app.queries import versions
from app.queries.lead import Lead
from core.decisions.record import Record


def moment() -> datetime | None:
    """Draw the choice of a time to look from; None means now."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(":gray[:material/history: Look at it as known on]", width="content", help=glossary.term("known_at"))
        chosen = st.datetime_input(
            "As known at (UTC)", value=None, key="asof", bind="query-params", label_visibility="collapsed", width=230
        )
        if chosen:
            st.markdown(":orange-badge[:material/history: Looking back: later events are not used]", width="content")
    return chosen.replace(tzinfo=UTC) if chosen else None


def show(lead: Lead, record: Record) -> None:
    """Draw the figures of the decision, then its versions and the lead's outcome."""
    bands, grades = versions.bands(record.policy_hash), reads.grades(lead.lead_id, record.decision_id)
    rank = "–" if record.percentile is None else f"{record.percentile:.0f}"
    kpi.tiles(
        [
            kpi.Kpi("Percentile", rank, help=glossary.term("percentile")),
            kpi.Kpi("Score", f"{record.score:.4f}", help=glossary.term("score")),
            kpi.Kpi("Band", _band(record, bands), help=glossary.term("band")),
            kpi.Kpi("Fit × engagement", grades, help=glossary.term("fit")),
            kpi.Kpi("Pool", record.pool or "none", help=glossary.term("pool")),
            kpi.Kpi("Act within", f"{record.sla_min} min" if record.sla_min else "–", help=glossary.term("sla")),
        ],
        "lead_figures",
    )
    st.caption(
        f"policy **{versions.policy_name(record.policy_hash)}** · **{versions.model_name(record.model_hash)}** · "
        f"as of {record.as_of or 'undated'} · decided at {record.decided_at} · {_ended(lead)}"
    )
    badges.show(badges.trial(record.arm))


def _band(record: Record, bands: versions.Bands) -> str:
    return f"{bands.label(record.band)} · {record.band}" if record.band else record.disposition.lower()


def _ended(lead: Lead) -> str:
    if lead.outcome is None:
        return "still open"
    return f"**{lead.outcome}**" + (f" on {lead.closed_at:%d %b %Y}" if lead.closed_at else "")
