"""Taking a decision away: the memo as Markdown to print, or as JSON."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import session
from app.queries import change, versions
from app.queries.access import database, role
from app.queries.lead import Lead
from core.decisions.record import Record
from core.exports import memo
from core.exports.origin import Origin
from core.kernel.times import from_text


def show(lead: Lead, record: Record, explained: Mapping[str, Any]) -> None:
    """Draw the menu with the memo's forms."""
    origin = Origin(
        title=f"Decision memo of {lead.ref}",
        filter=f"lead {lead.ref}",
        policy=versions.policy_name(record.policy_hash),
        model=versions.model_name(record.model_hash),
        as_of=from_text(record.as_of) if record.as_of else None,
        made_at=database().clock.now(),
        actor=session.identity() or "nobody signed in",
    )
    by = role()
    with st.popover("Memo", icon=":material/description:"):
        for name, ending, write in (("Markdown", "md", memo.to_markdown), ("JSON", "json", memo.to_json)):
            st.download_button(
                name,
                data=lambda write=write: write(
                    {"percentile": record.percentile, **explained, "lead_id": lead.ref, **change.beside(record, by)},
                    origin,
                ),
                file_name=f"decision-{record.decision_id}.{ending}",
                key=f"lead_memo_{ending}",
                on_click="ignore",
                type="tertiary",
            )
