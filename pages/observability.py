"""Is it fast, fresh and complete: alerts, latency, budgets, freshness, and the way of one decision."""

import streamlit as st

from app.components import header, linked, outbox_panel, service_parts
from app.queries import data, service

LIVE_SECONDS = 5

with header.show("Observability", "Is it fast, fresh and complete?"):
    span = linked.segments("Range", service.RANGES, "tr", "observability_range")
    is_live = st.toggle("Live", value=True, key="observability_live", help="Drawn anew every five seconds.")

if not data.totals()["batches"]:
    service_parts.nothing()
    st.stop()


@st.fragment(run_every=LIVE_SECONDS if is_live else None)
def moving(span: str) -> None:
    """What changes while one looks."""
    standing = service.standing()
    budgets = service.budgets(standing)
    service_parts.alerts(service.alerts(standing), "observability_alert")
    service_parts.figures(span, "observability_figures")
    left, right = st.columns([1, 1.15], gap="small")
    with left:
        service_parts.latency(span, "observability")
        service_parts.freshness("observability")
    with right:
        service_parts.budgets(budgets, "observability")
        service_parts.flow(span, "observability")


moving(span)
with st.container(horizontal=True):
    service_parts.exports(span, "observability")
outbox_panel.show("observability")
service_parts.one_decision(span, "observability")
service_parts.playbooks()
