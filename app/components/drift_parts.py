"""Drift reports on the page: the figures, the ranked table, one feature then and now, history, downloads."""

import streamlit as st

from app import jobs, navigation, session, work_commands
from app.charts import drift as charts
from app.components import (
    chart,
    empty_state,
    export_menu,
    frame_table,
    glossary,
    kpi,
    linked,
    performance_parts,
    permitted,
)
from app.feedback import refusals
from app.queries import drift, versions
from app.queries.drift import Report
from core.governance.permissions import Permission

MEASURE = "Measure drift"
SCORE, LABEL = "score", "y"
COLOURS = {"drift": "red", "stable": "green", "not_enough_data": "gray"}
ICONS = {"drift": "trending_up", "stable": "check_circle", "not_enough_data": "help"}


def start(key: str) -> None:
    """Draw the button that starts a report, with the choice of the two populations."""
    with st.popover("Compare", icon=":material/compare_arrows:", key=f"{key}_window"):
        reference = linked.select("Reference", drift.PRESETS, "ref", f"{key}_reference", any_word=True)
        current = linked.select("Current", drift.PRESETS, "cur", f"{key}_current", any_word=True)
        st.caption("Also 14d, or FROM/TO as two ISO times: 2026-05-01/2026-06-01.")
    if st.button(
        "New report",
        type="primary",
        key=f"{key}_start",
        icon=":material/query_stats:",
        **permitted.by(Permission.ASSESS),
    ):  # fmt: skip
        with refusals():
            jobs.start(MEASURE, work_commands.drift(reference or None, current or None))
            st.rerun()


def job(key: str) -> None:
    """Draw the jobs of reports, the one that was started last."""
    running = jobs.latest(MEASURE, performance_parts.MEASURE)
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
                note=f"of {len(enough)}; {len(told['features']) - len(enough)} without enough data",
                help=glossary.term("drift"),
            ),
            kpi.Kpi(
                "Decisions moved",
                f"{told['decisions_moved']:,}",
                note=_of(told),
                help=glossary.term("decisions_moved"),
            ),
            kpi.Kpi(
                "Expected wins lost",
                f"{told.get('expected_wins_lost', 0.0):+.1f}",
                note="by the leads that moved",
                help=glossary.term("expected_wins_lost"),
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
                note="of leads with an outcome",
                help=glossary.term("outcome"),
            ),
        ],
        key,
    )


def _of(told: dict) -> str:
    owners = told.get("owners_changed")
    changed = "" if owners is None else f"; {owners:,} would change owner"
    compared = "by weight" if told.get("weighted") else "compared"
    return f"of {told['population']:,} {compared}{changed}"


def table(report: Report, key: str) -> str:
    """Draw the features by decisions moved; the name of the one that is picked."""
    rows = drift.table(report)
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    config = {
        "label": text("Feature", width=214),
        "said": text("Verdict", width=58),
        "decisions_moved": number("Moved", format="localized", help=glossary.term("decisions_moved"), width=56),
        "bands_changed": number("Bands", format="localized", width=52, help="Leads that cross a band."),
        "owners_changed": number(
            "Owners", format="localized", width=62, help="Leads whose owner is none of the other pool's reps."
        ),
        "expected_wins_lost": number("Wins lost", format="%+.1f", width=62, help=glossary.term("expected_wins_lost")),
        "statistic": number("PSI", format="%.3f", help=glossary.term("psi"), width=50),
        "threshold": number(
            "Limit", format="%.3f", width=50, help="The threshold; it grows where few rows were compared."
        ),
        "reference_rows": number("Then", format="localized", width=52, help="Reference rows with a value."),
        "current_rows": number("Now", format="localized", width=52, help="Current rows with a value."),
    }
    if rows["owners_changed"].null_count() == rows.height:
        del config["owners_changed"]
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
        if told["verdict"] == "drift" and told["decisions_moved"]:
            _moved(report, told, f"{key}_moved_{name}")


def _moved(report: Report, told: dict, key: str) -> None:
    """Draw the leads that the feature moves; the one that is picked opens."""
    with st.expander(f"The leads that it moves ({told['decisions_moved']:,})"):
        rows = drift.moved(report, told["name"])
        picked = frame_table.pick(
            rows, key, start=None, order=["lead", "company", "region"], height=240, alt="Leads that move."
        )
        if picked is not None:
            st.switch_page(navigation.script("lead"), query_params={"id": rows["ref"][picked]})


def _words(told: dict) -> str:
    if told["verdict"] == "not_enough_data":
        return "In words: too few leads have a value to say whether it moved."
    moved = told["decisions_moved"]
    side = "above" if told["verdict"] == "drift" else "within"
    if told.get("because") == "missing":
        share = f"{told['reference_missing']:.0%} of the values were missing then and {told['current_missing']:.0%} now"
        return f"In words: {share}. With the old ones {moved:,} decisions would be different."
    more = f" With its old values {moved:,} decisions would be different." if told["verdict"] == "drift" else ""
    return f"In words: PSI {told['statistic']:.3f} is {side} the threshold {told['threshold']:.3f}.{more}"


def outcomes(report: Report, key: str) -> None:
    """Draw scores and labels then and now, where the report kept them."""
    for name, label, term in ((SCORE, "Scores", "score"), (LABEL, "Outcomes", "outcome")):
        rows, found = drift.shares(report, name), report.told.get("score" if name == SCORE else "label")
        with chart.card(f"{label}, then and now", glossary.term(term)):
            if rows.is_empty() or not found:
                st.caption("Not enough data: too few are known on both sides.")
                continue
            side = "above" if found["verdict"] == "drift" else "within"
            words = f"In words: PSI {found['statistic']:.3f} is {side} the threshold {found['threshold']:.3f}."
            figure = charts.overlay(rows, chart.colours(), label=label.lower())
            chart.show(figure, f"{key}_{name}", alt=f"{label}. {words}", words=words)


def history(key: str) -> None:
    """Draw the verdicts over reports, where there are several."""
    rows = drift.history()
    if rows["at"].n_unique() < 2:
        made = len(drift.reports())
        first = "One report has no course: from the second **New report** on it is told what drifted when."
        empty_state.show(first if made < 2 else f"Nothing drifted in any of the {made} reports.")
        return
    with chart.card("Verdicts over reports"):
        words = f"In words: {rows['label'].n_unique()} features drifted in at least one of the last reports."
        chart.show(charts.history(rows, chart.colours()), f"{key}_history", alt=f"Verdicts. {words}", words=words)


def downloads(report: Report, key: str) -> None:
    """Draw the downloads: Evidently's page, the numbers, the test suite."""
    forms = (
        ("Evidently report", "html", "text/html", drift.page),
        ("JSON", "json", "application/json", drift.as_json),
        ("JUnit", "xml", "application/xml", drift.junit),
    )
    for label, ending, media, made in forms:
        st.download_button(
            label,
            data=lambda made=made: made(report),
            file_name=f"{report.report_id}.{ending}",
            mime=media,
            key=f"{key}_{ending}",
            icon=":material/download:",
            on_click="ignore",
        )
