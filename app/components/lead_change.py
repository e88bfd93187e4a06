"""Why a lead was decided otherwise than before: the waterfall of causes, what flipped the decision, what moved."""

from typing import Any

import polars as pl
import streamlit as st

from app.charts.points import waterfall
from app.components import badges, chart, export_menu, frame_table, glossary, linked
from app.feedback import refused
from app.queries import change, versions
from app.queries import lead as reads
from core.decisions.record import Record
from core.kernel.errors import LeadbenchError


def show(record: Record, key: str) -> None:
    """Draw the choice of an earlier decision and the way from it to the one shown."""
    earlier = _earlier(record)
    if not earlier:
        st.info("This is the lead's first decision; there is nothing to compare it with.", icon=":material/timeline:")
        return
    before = linked.select("Compared with the decision", earlier, "since", f"{key}_since", width=420)
    try:
        found = change.changed(before, record.decision_id)
    except LeadbenchError as refusal:
        refused(refusal)
        return
    left, right = st.columns([1.2, 1], gap="medium")
    with left, chart.card("From the earlier score to this one, by cause", glossary.term("cause")):
        _waterfall(found, key)
    with right, chart.card("What it did to the decision"):
        _flip(found)
    _moves(found, record, key)


def _earlier(record: Record) -> dict[str, str]:
    """By decision id, newest first, the lead's decisions before this one in words."""
    rows = reads.history(record.lead_id)
    place = rows["decision_id"].to_list().index(record.decision_id) if record.decision_id in rows["decision_id"] else 0
    bands = versions.bands(record.policy_hash)
    return {
        row["decision_id"]: f"{row['at']:%d %b %Y, %H:%M} · {row['score']:.4f} · {_band(row, bands)} · {row['model']}"
        for row in rows.head(place).reverse().iter_rows(named=True)
    }


def _band(row: dict[str, Any], bands: versions.Bands) -> str:
    return f"{bands.label(row['band'])} {row['band']}" if row["band"] else row["disposition"].lower()


def _waterfall(found: change.Changed, key: str) -> None:
    points = 100 * (found.end - found.start)
    if found.causes.is_empty():
        st.caption(f"The score did not move: {found.start:.4f} both times.")
        return
    first = found.causes.sort(pl.col("points").abs(), descending=True).row(0, named=True)
    most = f"most of it ({100 * first['points']:+.1f}) by: {first['label'].lower()}"
    words = f"In words: the score moved by {points:+.1f} points, {most}."
    figure = waterfall(found.causes, found.start, chart.colours(), most=12, ends=("Score before", "Score now"))
    chart.show(figure, f"{key}_waterfall", alt=f"Waterfall of causes. {words}", words=words)


def _flip(found: change.Changed) -> None:
    if found.flip is None:
        st.markdown(":gray-badge[:material/check: Decided alike]")
        st.caption("Neither band, pool, action nor eligibility changed.")
        return
    cause, before, after = found.flip
    st.markdown(f":orange-badge[:material/alt_route: Flipped by] **{cause}**")
    rows = [(word, *(str(one[word] or "–") for one in (before, after))) for word in before]
    frame = pl.DataFrame(rows, schema=["what", "before", "after"], orient="row")
    config = {"what": "Outcome", "before": "Before", "after": "After this cause"}
    frame_table.show(frame, "lead_change_flip", columns=config, alt="The decision before and after the cause.")
    badges.show(badges.evidence("measured"))
    st.caption("The first cause after which the lead, decided again, came out otherwise.")


def _moves(found: change.Changed, record: Record, key: str) -> None:
    if found.moves.is_empty():
        return
    with chart.card("Which features moved, by cause", glossary.term("points")):
        config = {
            "cause": "Cause",
            "feature": st.column_config.TextColumn("Feature", width="large"),
            "before": "Before",
            "after": "After",
            "points": st.column_config.NumberColumn("Points", format="%+.2f", help=glossary.term("points")),
        }
        alt = "Every feature that a cause moved, with its points."
        frame_table.show(found.moves, f"{key}_moves", columns=config, alt=alt)
        about = {"List": "Why the score changed", "Decision": record.decision_id}
        export_menu.show(found.moves, "change", f"{key}_export", about=about)
