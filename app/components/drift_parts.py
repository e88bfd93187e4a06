"""Drift reports on the page: the figures, the ranked table, one feature then and now, history, downloads."""

import streamlit as st

from app import jobs, session, work_commands
from app.charts import drift as charts
from app.components import chart, export_menu, frame_table, glossary, kpi, linked
from app.feedback import refusals
from app.queries import drift, versions
from app.queries.drift import Report

MEASURE = "Measure drift"
SCORE = "score"
COLOURS = {"drift": "red", "stable": "green", "not_enough_data": "gray"}
ICONS = {"drift": "trending_up", "stable": "check_circle", "not_enough_data": "help"}


def start(key: str) -> None:
    """Draw the button that starts a report."""
    if st.button("New report", type="primary", key=f"{key}_start", icon=":material/query_stats:"):
        with refusals():
            jobs.start(MEASURE, work_commands.drift())
            st.rerun()


def job(key: str) -> None:
    """Draw the job of a report, if there is one."""
    running = jobs.current(MEASURE)
    if running is not None:
        jobs.show(running, f"{key}_job")


def choose(reports: list[Report]) -> Report:
    """Draw the choice of a report; the one that the address names, else the newest."""
    by_id = {one.report_id: one for one in reports}
    named = {report_id: one.name for report_id, one in by_id.items()}
    return by_id[linked.select("Report", named, "report", "drift_report", label_visibility="collapsed", width=330)]


def figures(report: Report, key: str) -> None:
    """Draw the figures of a report."""
    told = report.told
    enough = [one for one in told["features"] if one["verdict"] != "not_enough_data"]
    psi, rate = told["score_psi"], told["label_rate_change"]
    kpi.tiles(
        [
            kpi.Kpi(
                "Features drifted",
                f"{told['features_drifted']}",
                note=f"of {len(enough)} with enough data",
                help=glossary.term("drift"),
            ),
            kpi.Kpi(
                "Decisions moved",
                f"{told['decisions_moved']:,}",
                note=f"of {told['population']:,} compared",
                help=glossary.term("decisions_moved"),
            ),
            kpi.Kpi(
                "Scores moved by",
                "Not enough data" if psi is None else f"{psi:.3f}",
                note="PSI of the predictions",
                help=glossary.term("psi"),
            ),
            kpi.Kpi(
                "Win rate moved by",
                "Not enough data" if rate is None else f"{100 * rate:+.1f} pts",
                note="labels, where known",
                help=glossary.term("outcome"),
            ),
            kpi.Kpi(
                "Not enough data",
                f"{len(told['features']) - len(enough)}",
                note="features; a state of its own",
                better="off",
            ),
        ],
        key,
    )


def table(report: Report, key: str) -> str:
    """Draw the features by decisions moved; the name of the one that is picked."""
    rows = drift.table(report)
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    config = {
        "label": text("Feature", width=200),
        "said": text("Verdict", width=70),
        "decisions_moved": number("Moved", format="localized", help=glossary.term("decisions_moved"), width=62),
        "statistic": number("PSI", format="%.3f", help=glossary.term("psi"), width=54),
        "threshold": number("Threshold", format="%.3f", width=74, help="Grows where few rows were compared."),
        "reference_rows": number("Leads then", format="localized", width=80, help="Reference leads with a value."),
        "current_rows": number("Leads now", format="localized", width=80, help="Current leads with a value."),
    }
    with chart.card("Features, by decisions moved", glossary.term("decisions_moved")):
        asked, names = session.parameter("f"), rows["name"].to_list()
        picked = frame_table.pick(
            rows,
            f"{key}_rows",
            columns=config,
            order=list(config),
            height=470,
            start=names.index(asked) if asked in names else 0,
            alt="Features with verdict, decisions moved and statistic.",
        )
        export_menu.show(rows, "drift", f"{key}_export", about=about(report))
    name = names[picked or 0]
    session.address({"f": name})
    return name


def about(report: Report) -> dict[str, str]:
    """What an exported report says of itself."""
    return {
        "List": "Drift report",
        "Report": report.report_id,
        "Compared": report.name,
        "Model": versions.model_name(report.model_hash),
        "Policy": versions.policy_name(report.policy_hash),
    }


def feature(report: Report, name: str, key: str) -> None:
    """Draw one feature then and now."""
    told = next(one for one in report.told["features"] if one["name"] == name)
    with chart.card(told["label"], glossary.term("reference")):
        verdict = told["verdict"]
        badge = f":{COLOURS[verdict]}-badge[:material/{ICONS[verdict]}: {drift.VERDICTS[verdict]}]"
        st.markdown(badge)
        rows = drift.shares(report, name)
        if rows.is_empty():
            st.caption(f"{told['reference_rows']:,} values then and {told['current_rows']:,} now: too few to compare.")
            return
        words = _words(told)
        figure = charts.overlay(rows, chart.colours(), label=told["label"])
        chart.show(figure, f"{key}_overlay_{name}", alt=f"{told['label']}, then and now. {words}", words=words)


def _words(told: dict) -> str:
    if told["verdict"] == "not_enough_data":
        return "In words: too few leads have a value to say whether it moved."
    moved = told["decisions_moved"]
    side = "above" if told["verdict"] == "drift" else "within"
    more = f" With its old values {moved:,} decisions would be different." if told["verdict"] == "drift" else ""
    return f"In words: PSI {told['statistic']:.3f} is {side} the threshold {told['threshold']:.3f}.{more}"


def scores(report: Report, key: str) -> None:
    """Draw the scores then and now, where the report kept them."""
    rows = drift.shares(report, SCORE)
    if rows.is_empty():
        return
    with chart.card("Scores, then and now", glossary.term("score")):
        words = f"In words: the predictions moved by a PSI of {report.told['score_psi']:.3f}."
        chart.show(
            charts.overlay(rows, chart.colours(), label="score"), f"{key}_scores", alt=f"Scores. {words}", words=words
        )


def history(key: str) -> None:
    """Draw the verdicts over reports, where there are several."""
    rows = drift.history()
    if rows["at"].n_unique() < 2:
        return
    with chart.card("Verdicts over reports"):
        words = f"In words: {rows['label'].n_unique()} features drifted in at least one of the last reports."
        chart.show(charts.history(rows, chart.colours()), f"{key}_history", alt=f"Verdicts. {words}", words=words)


def downloads(report: Report, key: str) -> None:
    """Draw the two downloads."""
    st.download_button(
        "Evidently report",
        data=lambda: drift.page(report),
        file_name=f"{report.report_id}.html",
        mime="text/html",
        key=f"{key}_html",
        icon=":material/download:",
        on_click="ignore",
    )
    st.download_button(
        "JSON",
        data=lambda: drift.as_json(report),
        file_name=f"{report.report_id}.json",
        mime="application/json",
        key=f"{key}_json",
        icon=":material/data_object:",
        on_click="ignore",
    )
