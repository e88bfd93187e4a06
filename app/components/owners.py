"""Who has which leads: the reps with load and caps, and the leads that have nobody, with the reason."""

import streamlit as st

from app import navigation
from app.components import frame_table, glossary
from app.queries import owners

REPS = {
    "assignee": "Rep",
    "open": st.column_config.NumberColumn("Open leads"),
    "max_open": st.column_config.NumberColumn("At most"),
    "per_day": st.column_config.NumberColumn("A day"),
    "weight": st.column_config.NumberColumn("Share"),
    "pools": "Pools",
    "territory": "Territory",
    "calendar": "Hours",
    "away": "Away",
}
NOBODY = {"pool": "Pool", "why": st.column_config.TextColumn("Why nobody has them", width="large"), "leads": "Leads"}


def show(key: str) -> None:
    """Draw the owners, folded; the queue of one of them is a click away."""
    found = owners.owners()
    alarming = sum(found.alarming.values())
    note = f" · {alarming:,} in pools that raise an alarm" if alarming else ""
    with st.expander(f"Owners · {found.reps.height} reps{note}", icon=":material/groups:"):
        left, right = st.columns([1.6, 1], gap="small")
        with left:
            if found.reps.is_empty():
                st.markdown("No sales reps were imported: `leadbench import reps FILE`, or Data, Import.")
            else:
                picked = frame_table.pick(found.reps, f"{key}_reps", columns=REPS, order=list(REPS), alt="Sales reps.")
                who = found.reps["assignee"][picked] if picked is not None else None
                if who is not None:
                    st.page_link(
                        navigation.script("leads"), label=f"Queue of {who}", icon=":material/arrow_forward:",
                        query_params={"assignee": who, "view": "queue"},
                    )  # fmt: skip
        with right:
            st.caption(glossary.term("assignee"))
            frame_table.show(found.nobody, key=f"{key}_nobody", columns=NOBODY, order=list(NOBODY), alt="No owner.")
