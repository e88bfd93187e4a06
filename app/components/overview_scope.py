"""What the first page is narrowed to: the days, the segment, what it is compared with; all of it in the address."""

import streamlit as st

from app import session
from app.components import glossary, linked
from app.queries import scope


def show(key: str) -> scope.Scope:
    """Draw the three choices and the line that says what is shown; what was chosen."""
    segments = scope.segments()
    asked = session.parameter("segment")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        tr = linked.segments(
            "Range", scope.RANGES, "tr", f"{key}_tr", usual=scope.USUAL,
            help="Days of the data, up to its newest. Figures, funnel and lift follow; changes go by the clock.",
        )  # fmt: skip
        who = linked.select(
            "Segment", {word: one.label for word, one in segments.items()}, "segment", f"{key}_segment",
            label_visibility="collapsed", width=230, help=glossary.term("segment"),
        )  # fmt: skip
        compare = linked.select(
            "Compare", scope.COMPARED, "compare", f"{key}_compare", label_visibility="collapsed", width=210,
        )  # fmt: skip
    chosen = scope.scope(tr, segments[who], compare)
    word = asked.replace("`", "'")
    unknown = "" if asked in segments else f" · the link asks for `{word}`, which is no segment here: all are shown"
    st.caption(chosen.words() + unknown)
    return chosen
