"""The ranked leads as a grid: rank, change, course, band, pool and reasons."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app import session
from app.components import chart, columns, frame_table, glossary
from app.queries import versions
from app.queries.access import may
from app.queries.leads import Ranked
from core.governance.permissions import Permission
from core.kernel.canonical import digest

ORDER = ("lead", "company", "percentile", "score", "step", "course", "band_chip", "pool", "by_hand", "why")
HEIGHT = 500


def show(found: Ranked, key: str) -> tuple[Mapping[str, Any], list[str]]:
    """Draw the leads; the row picked last, which the address names as `row`, and the ids of all that are picked."""
    refs = found.rows["ref"].to_list()
    places = {ref: place for place, ref in enumerate(refs)}
    before: list[str] = session.value(f"{key}_chosen", [])
    widget, start = _widget(places, before, key)
    picked = frame_table.pick_many(
        found.rows.drop("lead_id"), widget, columns=_columns(found), order=_filled(found), height=HEIGHT, start=start,
        alt="Leads in order: name, company, percentile, score, change, course, band, pool, by hand and reasons.",
    )  # fmt: skip
    chosen = [refs[place] for place in picked]
    session.remember(f"{key}_chosen", chosen)
    newly = next((ref for ref in chosen if ref not in before), session.parameter("row"))
    row = found.rows.row(places.get(newly, 0), named=True)
    session.address({"row": row["ref"]})
    st.caption(
        f"Showing {found.rows.height:,} of {found.matching:,} that match · {found.total:,} ever decided · "
        f"{found.order} · select a row to see why it is here{_several()}"
    )
    return row, found.rows["lead_id"].gather(picked).to_list()


def _several() -> str:
    """What selecting several leads is for, as the role may."""
    return ", several to act on them" if may(Permission.OVERRIDE) or may(Permission.NOTE) else ""


def _widget(places: Mapping[str, int], chosen: Sequence[str], key: str) -> tuple[str, list[int]]:
    """The grid's key under these leads in this order, and what is picked at first: rows are picked by their place, so
    where leads come, go or move it is another grid, in which the same leads are picked.
    """
    widget = f"{key}_{digest(list(places))[7:23]}"
    known = session.value(f"{key}_start")
    if known is None or known[0] != widget:
        known = widget, [places[ref] for ref in chosen if ref in places]
        session.remember(f"{key}_start", known)
    return known


def _filled(found: Ranked) -> list[str]:
    """The columns in order, without those of which no lead has a value, such as the trend of an undated store."""
    return [name for name in ORDER if found.rows[name].null_count() < found.rows.height]


def _since(found: Ranked) -> str:
    before = found.rows["before_at"].max()
    since = f" ({before:%d %b %Y} at the latest)" if before else ""
    return f"Percentile against the decision before{since}; – where it did not move or there was none."


def _columns(found: Ranked) -> dict[str, Any]:
    colours, config = chart.colours(), st.column_config
    letters, named = versions.bands().labels, found.rows["company"].null_count() < found.rows.height
    return {
        "lead": config.TextColumn("Lead", width=106 if named else 240),
        "company": config.TextColumn("Company", width=122),
        "percentile": config.ProgressColumn(
            "Percentile", format="%d", min_value=0, max_value=100, width=84, help=glossary.term("percentile")
        ),
        "score": config.NumberColumn("Score", format="%.4f", help=glossary.term("score"), width=58),
        "step": config.NumberColumn("±", format="%+d", help=_since(found), width=42),
        "course": config.LineChartColumn("Trend", color="auto", width=62, help="Its percentile over the last rounds."),
        "band_chip": config.MultiselectColumn(
            "Band", options=list(letters), color=[f"{colours.band(place)}55" for place in range(len(letters))],
            format_func=letters.__getitem__, width=46, help=glossary.term("band"),
        ),
        "pool": config.TextColumn("Pool", help=glossary.term("pool"), width=84),
        "by_hand": config.TextColumn("By hand", help=glossary.term("by_hand"), width=104),
        "why": columns.reasons(colours, found.chips, help=glossary.term("points")),
    }  # fmt: skip
