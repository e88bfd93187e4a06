"""A lead's past: its events, how its score moved, and what is known of it."""

from datetime import datetime

import streamlit as st

from app.charts import time as charts
from app.components import chart, columns, frame_table, glossary
from app.queries import desk, versions
from app.queries import lead as reads
from app.queries.lead import Lead


def timeline(lead: Lead, moment: datetime | None) -> None:
    """Draw the lead's events as known at the moment."""
    events = reads.events(lead.lead_id, moment)
    if events.is_empty():
        st.info("Nothing was known of this lead's behaviour by then.", icon=":material/timeline:")
        return
    marks = [(lead.created_at, "created")] if lead.created_at else []
    if lead.closed_at and lead.outcome and (moment is None or lead.closed_at <= moment.replace(tzinfo=None)):
        marks.append((lead.closed_at, lead.outcome))
    late = int(events["late"].sum())
    words = f"{events.height} events of {events['label'].n_unique()} kinds; {late} reached us more than a day late."
    with chart.card("What it did, by kind", glossary.term("received_at")):
        figure = charts.timeline(events, chart.colours(), marks + desk.marks(events))
        chart.show(figure, "lead_timeline", alt=f"Timeline of the lead. {words}", words=words)
    config = {
        "at": columns.moment("Happened"),
        "label": "Event",
        "source": "Source",
        "known_at": columns.moment("Known", glossary.term("received_at")),
        "late": st.column_config.CheckboxColumn("Late"),
        "details": "Details",
    }
    frame_table.show(events, "lead_events", columns=config, order=list(config), alt="The lead's events, newest first.")


def history(lead: Lead, moment: datetime | None) -> None:
    """Draw how the score moved, with the changes of model and policy marked."""
    found = reads.before(reads.history(lead.lead_id), moment)
    cuts = {band: cut for band, cut in versions.bands().enter.items() if cut <= 1.2 * found["score"].max()}  # type: ignore[operator]
    with chart.card("How its score moved", glossary.term("score")):
        marks = reads.marks(found) + desk.marks(found)
        figure = charts.course(found.select("at", "score"), chart.colours(), marks, cuts)
        words = f"{found.height} decisions; dotted lines are the scores at which a band is entered."
        chart.show(figure, "lead_course", alt=f"Score of the lead over time. {words}", words=words)
    config = {
        "at": columns.moment("As of", glossary.term("as_of")),
        "percentile": columns.score("Percentile", glossary.term("percentile")),
        "score": st.column_config.NumberColumn("Score", format="%.4f"),
        "band": "Band",
        "disposition": "Disposition",
        "pool": "Pool",
        "rules": "Rules",
        "arm": "Arm",
        "model": "Model",
        "policy": "Policy",
        "decision_id": "Decision",
    }
    frame_table.show(
        found.reverse(), "lead_history", columns=config, order=list(config), alt="Every decision, newest first."
    )


def profile(lead: Lead, moment: datetime | None) -> None:
    """Draw what is known of the lead, personal values masked by role."""
    known = reads.profile(lead.lead_id, moment)
    config = {"attribute": "Attribute", "value": "Value", "known_from": columns.moment("Known from")}
    st.caption("Personal values are sealed in the store and shown only to roles that may see them.")
    frame_table.show(known, "lead_profile", columns=config, order=list(config), alt="What is known of the lead.")
