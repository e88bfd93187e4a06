"""Has the world changed, and does it matter: what moved, whether scores hold, and what feeds back on itself."""

from functools import partial

import streamlit as st

from app.components import drift_checks, drift_parts, empty_state, header, overruled, performance_parts
from app.queries import drift, models, performance, versions

TABS = ["What moved", "Sources and tests", "Performance", "Feedback loops", "History"]
QUESTION = "Has the world changed, and does it matter?"

reports = drift.reports()
if not reports:
    with header.show("Drift", QUESTION):
        if not models.leaderboard().is_empty():
            drift_parts.start("drift")
    drift_parts.job("drift")
    if models.leaderboard().is_empty():
        empty_state.link("Nothing to compare yet: drift needs a model.", page="train", action="Go to Train")
    else:
        empty_state.show("No drift report yet. **New report** compares the newest leads with the training ones.")
    st.stop()

with header.show("Drift", QUESTION):
    report = drift_parts.choose(reports)
    drift_parts.start("drift")
drift_parts.job("drift")
st.caption(
    f"**{report.told['current']}** against **{report.told['reference']}** · {versions.model_name(report.model_hash)} · "
    f"policy {versions.policy_name(report.policy_hash)} · up to {report.told['sample']:,} rows a side · {report.actor}"
    + (" · worked leads drawn and counted by weight, for all leads" if report.told.get("weighted") else "")
)
drift_parts.figures(report, "drift_figures")
moved, checks, judged, loops, past = st.tabs(TABS, key="tab", bind="query-params")
if moved.open:
    with moved:
        left, right = st.columns([1.65, 1], gap="small")
        with left:
            name = drift_parts.table(report, "drift_table")
            drift_checks.alerts(report.told.get("alerts", []), "drift_alerts")
        with right:
            st.fragment(drift_parts.feature)(report, name, "drift")
            st.fragment(drift_parts.outcomes)(report, "drift")
        with st.container(horizontal=True):
            drift_parts.downloads(report, "drift")
if checks.open:
    with checks:
        drift_checks.sources(report, "drift")
        drift_checks.suite(report, "drift")
found = performance.newest()
for tab in (judged, loops):
    if tab.open and found is None:
        with tab:
            performance_parts.nothing()
            performance_parts.start(f"drift_{'loops' if tab is loops else 'judged'}")
if judged.open and found is not None:
    with judged:
        performance_parts.head(found, "drift_judged")
        for column, part in zip(st.columns(2, gap="small"), ("auc", "win_rate"), strict=True):
            with column:
                st.fragment(partial(performance_parts.cohorts, found, part))("drift_cohorts")
        drift_checks.alerts(found.told["alerts"], "drift_judged_alerts")
        st.fragment(performance_parts.segments)(found, "drift")
        st.fragment(performance_parts.bands)(found, "drift")
if loops.open and found is not None:
    with loops:
        st.fragment(performance_parts.loops)(found, "drift_loops")
if loops.open:
    with loops:
        overruled.show("drift_overruled")
if past.open:
    with past:
        drift_parts.history("drift")
