"""The read-only console: one SELECT over the published views, with Cancel and a row limit."""

import streamlit as st

from app import commands, jobs, session
from app.components import export_menu, frame_table
from app.feedback import refusals
from app.queries import data as reads
from app.queries.access import role, seen
from core.kernel.console import Answer

NAME = "Query"
LIMITS = (100, 1_000, 10_000)


def show(key: str) -> None:
    """Draw the editor, the views, and the answer of the last query of who is signed in: roles see different names."""
    left, right = st.columns([2.4, 1], gap="medium")
    with left:
        text = st.text_area("SELECT over the published views", reads.PREVIEW_QUERY, key=f"{key}_text", height=170,
                            persist_state="session")  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            limit = st.selectbox("Rows at most", LIMITS, 1, key=f"{key}_limit", width=150)
            run = st.button("Run", type="primary", key=f"{key}_run", icon=":material/play_arrow:", shortcut="Mod+Enter")
        if run:
            with refusals():
                jobs.start(NAME, commands.query(text, limit))
                st.rerun()
        else:
            _answer(key)
    with right, st.container(border=True):
        st.markdown("**Views**")
        for name, columns in reads.views().items():
            with st.expander(name):
                st.caption(", ".join(columns))


def _answer(key: str) -> None:
    job = jobs.current(NAME)
    if job is None or job.actor != (session.identity() or "nobody"):
        st.caption("Nothing but SELECT over these views is let through; sealed values are not among them.")
        return
    jobs.show(job, f"{key}_job")
    if isinstance(job.result, Answer):
        rows = seen(job.result.rows, role())
        frame_table.show(rows, f"{key}_rows", alt="The rows of the query.")
        cut = " · more rows were cut off" if job.result.cut else ""
        st.caption(f"{rows.height:,} rows in {job.seconds:.1f} s{cut}")
        about = {"List": "Console query", "Exported by": session.identity() or "nobody signed in"}
        export_menu.show(rows, "query", f"{key}_export", about=about)
