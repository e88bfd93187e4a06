"""Performance on the page: cohorts, calibration over time, segments, bands that fill up, and feedback loops."""

import polars as pl
import streamlit as st

from app import jobs, work_commands
from app.charts import performance as charts
from app.components import (
    annotate,
    chart,
    empty_state,
    export_menu,
    frame_table,
    glossary,
    linked,
    permitted,
    rows_behind,
)
from app.feedback import refusals
from app.queries import desk, judged, performance, versions
from app.queries.performance import Performance
from core.governance.permissions import Permission

MEASURE = "Measure performance"
FOUND = {"inside": "as promised", "above": "above it", "below": "below it", "not_enough_data": "not enough data yet"}
VERDICTS = {"inflated": "Inflated", "steady": "Steady", "not_enough_data": "Not enough data"}


def start(key: str) -> None:
    """Draw the button that starts a report."""
    if st.button(MEASURE, key=f"{key}_start", icon=":material/monitoring:", **permitted.by(Permission.ASSESS)):
        with refusals():
            jobs.start(MEASURE, work_commands.performance())
            st.rerun()


def nothing() -> None:
    """Draw what there is to say before the first report."""
    empty_state.show("No performance report yet. **Measure performance** judges what became of scored leads.")


def head(report: Performance, key: str) -> None:
    """Draw what was judged, and the button that judges it again."""
    told = report.told
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"**{told['population']}** leads: {told['rows']:,} rows, {told['waiting']:,} without a label yet · "
            f"{versions.model_name(told['model']['hash'])} · log until {(told['observed_until'] or 'undated')[:10]} · "
            f"{report.made_at:%d %b, %H:%M} · {report.actor}"
        )
        start(key)
        rows = performance.cohorts(report)
        annotate.show(f"{key}_annotate", None if rows.is_empty() else rows["at"].max())  # type: ignore[arg-type]
        st.download_button(
            "JSON", data=lambda: performance.as_json(report), file_name="performance.json", mime="application/json",
            key=f"{key}_json", icon=":material/data_object:", on_click="ignore",
        )  # fmt: skip
    if told.get("weighted") and told["effective_rows"]:
        st.caption(
            "Ranking, calibration and what is expected are of all leads: worked ones stand for them, each counted "
            f"by the inverse of how likely work was ({told['effective_rows']:,.0f} rows' worth). Segments, bands and "
            "loops count leads as they came."
        )


def cohorts(report: Performance, name: str, key: str) -> None:
    """Draw ranking (`auc`) or calibration (`win_rate`) by cohort, what came beside what was expected."""
    rows = performance.cohorts(report)
    ranking = name == "auc"
    title = f"{'Ranking' if ranking else 'Calibration'} by {report.period} of scoring"
    with chart.card(title, glossary.term("cbpe")):
        if rows.is_empty():
            st.caption("Not enough data: no scored lead has a time.")
            return
        young = rows.filter(~pl.col("is_mature")).height
        agreed = FOUND[report.told["agreement"][name]]
        waiting = f"{young} of {rows.height} cohorts wait for their labels"
        words = f"In words: beside what the scores promised, mature cohorts came out {agreed}; {waiting}."
        words += performance.untold(report, name)
        figure = charts.cohorts(rows, name, chart.colours(), desk.marks(rows), form=".2f" if ranking else ".0%")
        points = rows_behind.figure(figure, f"{key}_{name}", title, words)
        if (at := rows_behind.period(points)) is not None:
            title = f"Leads scored in the {report.period} from {at:%d %b %Y}"
            _behind(report, judged.of_cohort(report, at), title, f"{key}_{name}")


def _behind(report: Performance, rows: pl.DataFrame, title: str, key: str) -> None:
    model = versions.model_name(report.told["model"]["hash"])
    rows_behind.show(rows, title, key, {"Model": model, "Rows": f"{report.told['population']} leads"})


def segments(report: Performance, key: str) -> None:
    """Draw the errors by segment, with intervals."""
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    config = {
        "where": text("Segment", width=150),
        "said": text("Against all others", width=110),
        "leads": number("Leads", format="localized", width=60),
        "gap": number("Won less said", format="percent", width=92, help="Win rate less what the scores said."),
        "gap_between": text("95 %", width=92),
        "missed": number("Wins missed", format="percent", width=84, help="Share of the wins outside the best band."),
        "missed_between": text("95 %", width=92),
        "false_alarm": number("False alarms", format="percent", width=88, help="Share of the others in the best band."),
        "false_alarm_between": text("95 %", width=92),
    }
    rows = performance.segments(report)
    with chart.card("Errors by segment", "Each lead at its latest labelled row; Holm-corrected over all comparisons."):
        if rows.is_empty():
            st.caption("No attribute of the leads has few enough values to compare by.")
            return
        alt = "Errors by segment. A picked row opens its leads."
        picked = frame_table.pick(rows, f"{key}_segments", columns=config, order=list(config), start=None, alt=alt)
        if picked is not None and rows["leads"][picked] is not None:
            where = rows["where"][picked]
            _behind(report, judged.of_where(report, where), f"Leads of {where}", f"{key}_segments")
        export_menu.show(rows, "segments", f"{key}_segments_export", about={"List": "Errors by segment"})


def bands(report: Performance, key: str) -> None:
    """Draw whether a band fills up while its conversion falls."""
    rows = performance.bands(report)
    with chart.card("Does a band fill up while fewer of it win?", glossary.term("inflation")):
        if rows.is_empty():
            st.caption("Not enough data: no scored lead has a time.")
            return
        names = {band: f"{band} or better" for band in rows["band"].unique(maintain_order=True).to_list()}
        part = rows.filter(pl.col("band") == linked.segments("Band", names, "band", f"{key}_band"))
        words = f"In words: {VERDICTS[part['verdict'][0]].lower()}, by the trend over {part.height} {report.period}s."
        figure = charts.inflation(part, chart.colours(), desk.marks(part))
        points = rows_behind.figure(figure, f"{key}_inflation", "Share and conversion", words)
        if (at := rows_behind.period(points)) is not None:
            inside = list(names)[: list(names).index(part["band"][0]) + 1]
            title = f"{names[inside[-1]]} in the {report.period} from {at:%d %b %Y}"
            _behind(report, judged.of_bands(report, at, inside), title, f"{key}_inflation")


def loops(report: Performance, key: str) -> None:
    """Draw worked, held-out and explored leads side by side, the index by band, and what cannot be known."""
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    config = {
        "said": text("Leads that were", width=110),
        "leads": number("Leads", format="localized", width=66),
        "labelled": number("Labelled", format="localized", width=72),
        "win_rate": number("Won", format="percent", width=66),
        "between": text("95 %", width=86),
        "expected_rate": number("Said", format="percent", width=66),
    }
    left, right = st.columns([1, 1.2], gap="small")
    with left, chart.card("Worked and left to chance", glossary.term("feedback_loop")):
        rows = performance.groups(report)
        alt = "Groups by handling. A picked row opens its leads."
        picked = frame_table.pick(rows, f"{key}_groups", columns=config, order=list(config), start=None, alt=alt)
        if picked is not None and rows["leads"][picked]:
            said = rows["said"][picked]
            _behind(report, judged.of_group(report, said), f"Leads that were: {said.lower()}", f"{key}_groups")
        st.markdown("**What the log cannot say**")
        for sentence in report.told["loops"]["unknown"]:
            st.caption(f":material/help: {sentence}")
    with right, chart.card("Self-fulfilment by band", glossary.term("self_fulfilment")):
        index = performance.fulfilment(report)
        if index.is_empty():
            st.caption(
                "Cannot be said: it takes thirty worked and thirty other leads with outcomes in a band and period. "
                "Import outcomes with `worked` or `worked_at`, or hold some leads out by policy."
            )
            return
        order = [one["band"] for one in report.told["inflation"]]
        figure = charts.fulfilment(index, order, chart.colours(), desk.marks(index))
        words = "In words: at 1 nobody wins without being worked; at 0 the score foresaw it."
        points = rows_behind.figure(figure, f"{key}_fulfilment", "Self-fulfilment", words)
        if (at := rows_behind.period(points)) is not None:
            drawn = [band for band in order if band in index["band"]]
            band = drawn[points[0]["curve_number"]]
            title = f"{band} in the {report.period} from {at:%d %b %Y}, worked and others"
            _behind(report, judged.of_index(report, band, at), title, f"{key}_fulfilment")
