"""Has the world changed, and does it matter: which features moved, and how many decisions that moves."""

import streamlit as st

from app.components import drift_parts, empty_state, header
from app.queries import drift, models, versions

reports = drift.reports()
if not reports:
    with header.show("Drift", "Has the world changed, and does it matter?"):
        if not models.leaderboard().is_empty():
            drift_parts.start("drift")
    drift_parts.job("drift")
    if models.leaderboard().is_empty():
        empty_state.link("Nothing to compare yet: drift needs a model.", page="train", action="Go to Train")
    else:
        empty_state.show("No drift report yet. **New report** compares the newest leads with the training ones.")
    st.stop()

with header.show("Drift", "Has the world changed, and does it matter?"):
    report = drift_parts.choose(reports)
    drift_parts.start("drift")
drift_parts.job("drift")
st.caption(
    f"**{report.told['current']}** against **{report.told['reference']}** · {versions.model_name(report.model_hash)} · "
    f"policy {versions.policy_name(report.policy_hash)} · up to {report.told['sample']:,} rows a side · {report.actor}"
)
drift_parts.figures(report, "drift_figures")
left, right = st.columns([1.65, 1], gap="small")
with left:
    name = drift_parts.table(report, "drift_table")
with right:
    drift_parts.feature(report, name, "drift")
    drift_parts.scores(report, "drift")
    with st.container(horizontal=True):
        drift_parts.downloads(report, "drift")
drift_parts.history("drift")
