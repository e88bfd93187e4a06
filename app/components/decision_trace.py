"""The way from an event to an action, one step each, with version and time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from app.components import badges, glossary, override_form
from app.queries import lead as reads
from app.queries import overrides, versions
from core.decisions.record import Record


def show(record: Record, events: pl.DataFrame, explained: Mapping[str, Any]) -> None:
    """Draw the steps of one decision."""
    _event(record, events)
    _features(record, explained)
    _score(record, explained)
    _rules(record)
    _action(record)


def by_hand(said: pl.DataFrame, moment: datetime | None) -> None:
    """Draw what people said of the lead over its decisions, and how that stood at the moment (None: now)."""
    if said.is_empty():
        return
    stands = overrides.standing(said, moment)
    title = overrides.sentence(stands[0]) if stands else "nothing stands"
    with st.expander(f"By hand · {title}", type="step", expanded=True):
        st.caption("What people said over the decision; its reasons above are the model's and the policy's own.")
        override_form.history(said, moment, "lead_trace_by_hand")


def _event(record: Record, events: pl.DataFrame) -> None:
    latest = events.head(1).rows(named=True)
    title = f"Event · {latest[0]['label']}, {latest[0]['at']:%d %b %Y, %H:%M} UTC" if latest else "Event · none known"
    with st.expander(title, type="step", expanded=True):
        late = events["late"].sum() if events.height else 0
        asked = reads.minute(record.as_of, "no date")
        st.markdown(f"{events.height} events were known as of {asked}, {late} of them late.")
        st.caption(f"Known at {reads.minute(record.known_at, 'any time')}.", help=glossary.term("known_at"))


def _features(record: Record, explained: Mapping[str, Any]) -> None:
    stale = len(record.stale_features)
    with st.expander(f"Features · {len(record.features)} values", type="step"):
        st.caption(f"Feature set `{record.feature_set_hash[7:19]}` · {stale} stale")
        given = {one["feature"]: one["label"] for one in explained["points"]}
        rows = [(given.get(name, name), value) for name, value in reads.features(record)]
        st.dataframe(
            pl.DataFrame(rows, schema=["feature", "value"], orient="row"),
            hide_index=True,
            key="lead_trace_features",
            height=300,
            alt="Every feature with the value that the model saw.",
        )


def _score(record: Record, explained: Mapping[str, Any]) -> None:
    name = versions.model_name(record.model_hash)
    rank = "" if record.percentile is None else f" · percentile {int(record.percentile)}"
    with st.expander(f"Score · {record.score:.4f}{rank}", type="step", expanded=True):
        st.markdown(
            f"**{name}** gave the margin `{record.margin:.4f}`, calibrated to `{explained['probability']:.6f}`, "
            f"stored as `{record.score:.4f}`. Base `{record.base:.4f}`, fit `{record.fit:+.4f}`, "
            f"engagement `{record.engagement:+.4f}`."
        )


def _rules(record: Record) -> None:
    title = f"Rules · {versions.policy_name(record.policy_hash)} · {record.disposition.lower()}"
    with st.expander(title, type="step", expanded=True):
        for reason in record.reasons:
            code = f" · {reason['reason']}" if reason.get("reason") else ""
            st.markdown(f"- `{reason['rule']}`{code}")
        for fault in record.errors:
            st.markdown(f"- :red[{fault['where']}: {fault['code']}]")
        moved = f"{record.prev_state or 'new'} → {record.next_state or 'unchanged'}"
        st.caption(f"Band **{record.band or '–'}** · priority {record.priority} · state {moved}")


def _action(record: Record) -> None:
    where = record.pool or "no pool"
    with st.expander(f"Pool · {where}", type="step", expanded=True):
        due = f" within {record.sla_min} minutes" if record.sla_min else ""
        action = (record.action or "none").replace("_", " ")
        st.markdown(f"Action **{action}**{due}. Assignee: {record.assignee or 'none yet'}.")
        badges.show(badges.trial(record.arm))
        st.caption(
            f"Decided {reads.minute(record.decided_at, '')} · `{record.decision_id}` · record `{record.hash[7:19]}`"
        )
