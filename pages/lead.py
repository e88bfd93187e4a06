"""One lead: what happened to it, why it has this score, and how the decision came about."""

import streamlit as st

from app import session
from app.components import (
    decision_trace,
    header,
    lead_change,
    lead_contest,
    lead_finder,
    lead_head,
    lead_memo,
    lead_past,
    lead_similar,
    lead_why,
    live_refresh,
)
from app.feedback import refused
from app.queries import lead as reads
from app.queries import overrides
from core.kernel.errors import LeadbenchError

TABS = ["Why", "What changed", "Decision trace", "Timeline", "Score history", "Similar leads", "Profile"]

asked, wrong = session.parameter("id").strip(), lead_head.wrong_moment()
known = reads.find(asked) if asked else None
with header.show(known.name if known else "Lead 360", known.about if known else "What happened to a lead, and why"):
    sought = lead_finder.search()
    moment = lead_head.moment()
    actions = st.container(width="content")

lead_head.refuse(wrong)
if known is None:
    lead_finder.show(sought or asked)
    st.stop()

try:
    record = reads.record(known.lead_id, moment)
    explained = reads.explanation(record.decision_id)
except LeadbenchError as refusal:
    refused(refusal)
    lead_past.timeline(known, moment)
    st.stop()

with actions:
    lead_memo.show(known, record, explained)
said = overrides.of_lead(known.lead_id, moment)
lead_head.show(known, record, overrides.standing(said, moment), is_past=moment is not None)
lead_contest.show(known.lead_id, "lead_contest")
why, change, trace, timeline, history, alike, profile = st.tabs(TABS, key="tab", bind="query-params")
if why.open:
    with why:
        lead_why.show(record, explained, "lead_why")
if change.open:
    with change:
        lead_change.show(record, "lead_change")
if trace.open:
    with trace:
        decision_trace.show(record, reads.events(known.lead_id, *reads.looked(record)), explained)
        decision_trace.by_hand(said, moment)
if timeline.open:
    with timeline:
        lead_past.timeline(known, moment)
if history.open:
    with history:
        lead_past.history(known, moment)
if alike.open:
    with alike:
        lead_similar.show(record, explained, "lead_similar")
if profile.open:
    with profile:
        lead_past.profile(known, moment)
if moment is None:
    live_refresh.follow("signals", "decisions", key="lead")
