"""Ready column forms for tables: scores, shares, trends, bands and reasons."""

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

import streamlit as st

from app.theme import Tokens

LONGEST_CHIP = 27
BRIEFLY = (
    ("Days since the ", "Since "),
    ("Different kinds of", "Kinds of"),
    (", last ", ", "),
    (" days", " d"),
    (" hours", " h"),
    (" hour", " h"),
)


def score(label: str = "Score", help: str | None = None) -> Any:
    """A percentile from 0 to 100 as a bar with its number."""
    return st.column_config.ProgressColumn(label, format="%d", min_value=0, max_value=100, help=help, width="small")


def share(label: str, help: str | None = None) -> Any:
    """A share from 0 to 1 as per cent."""
    return st.column_config.NumberColumn(label, format="percent", help=help)


def change(label: str, help: str | None = None) -> Any:
    """A signed whole number."""
    return st.column_config.NumberColumn(label, format="%+d", help=help, width="small")


def trend(label: str = "Trend", help: str | None = None) -> Any:
    """A list of numbers from 0 to 100 as a line, green where it rose and red where it fell."""
    return st.column_config.LineChartColumn(label, y_min=0, y_max=100, color="auto", help=help, width="small")


def bands(colours: Tokens, labels: Mapping[str, str], label: str = "Band", help: str | None = None) -> Any:
    """Band words (in a list column of one entry each) as coloured chips with the policy's letters."""
    return st.column_config.MultiselectColumn(
        label,
        options=list(labels),
        color=[f"{colours.band(position)}55" for position in range(len(labels))],
        format_func=lambda band: f"{labels[band]} · {band}" if band in labels else str(band),
        help=help,
        width="small",
    )


def reasons(colours: Tokens, texts: Sequence[str], label: str = "Why", help: str | None = None) -> Any:
    """Reasons (list column of texts that begin with + or −) as chips in brief, green for gains and red for losses."""
    options = sorted(set(texts))
    paint = [f"{colours.gain if text.startswith('+') else colours.loss}40" for text in options]
    return st.column_config.MultiselectColumn(
        label, options=options, color=paint, help=help, width="large", format_func=brief
    )


def brief(reason: str) -> str:
    """A reason in at most 27 characters, such as `+ Kinds of activity, 7 d`."""
    for long, short in BRIEFLY:
        reason = reason.replace(long, short)
    return shorten(reason, LONGEST_CHIP, placeholder="…")


def moment(label: str, help: str | None = None) -> Any:
    """A UTC time to the minute."""
    return st.column_config.DatetimeColumn(label, format="D MMM YYYY, HH:mm", timezone="UTC", help=help, width=136)


def count(label: str, help: str | None = None, width: int = 74) -> Any:
    """A whole number with its thousands set apart."""
    return st.column_config.NumberColumn(label, format="localized", help=help, width=width)
