"""The parts of the first page: figures, funnel, lift, outcomes over time, alerts, and what changed."""

from collections.abc import Callable
from datetime import datetime, time

import polars as pl
import streamlit as st

from app import navigation
from app.charts import flows, quality
from app.charts import time as over_time
from app.components import annotate, chart, empty_state, glossary, kpi, last_look
from app.queries import alerts as alerting
from app.queries import desk, funnel, overview, progress, versions
from app.queries import tiles as reads
from app.queries.scope import DAYS, RANGES, Scope
from app.queries.tiles import Figure


def figures(scope: Scope, key: str) -> None:
    """Draw five figures with their course, each beside the days compared."""
    found = reads.tiles(scope)
    best = (versions.bands().order or [""])[0]
    top = f"Band {versions.bands().label(best)}" if best else "Best band"
    each = f"by {found.by}"
    dated = f"{found.undated:,} outcomes have no date" if found.undated and scope.days else each
    tiles = [
        kpi.Kpi(
            "Win rate",
            "–" if found.rate.value is None else f"{found.rate.value:.1%}",
            *_beside(scope, found.rate, f"of {found.closed:,} closed", lambda by: f"{100 * by:+.1f} pts"),
            found.rate.course,
            help=glossary.term("outcome"),
        ),
        _count("Won leads", found.won, scope, dated, "bar"),
        _count("Open leads decided", found.decided, scope, "as they stand now"),
        _count(f"{top} leads", found.top, scope, "as they stand now", help=glossary.term("band")),
        _count("Events", found.events, scope, each, "bar"),
    ]
    kpi.tiles(tiles, key)


def _count(
    label: str, figure: Figure, scope: Scope, note: str, shape: str = "area", help: str | None = None
) -> kpi.Kpi:
    shown = _beside(scope, figure, note if figure.course or figure.value else "", lambda by: f"{by:+,.0f}")
    return kpi.Kpi(label, f"{figure.value or 0:,.0f}", *shown, figure.course, help=help, chart=shape)  # type: ignore[arg-type]


def _beside(scope: Scope, figure: Figure, note: str, words: Callable[[float], str]) -> tuple[str | None, str]:
    """The change in words and against what, or what to say where there is none to tell."""
    if figure.change is not None:
        return words(figure.change), scope.against
    return None, reads.UNKNOWN_THEN if scope.earlier else note


def funnel_card(scope: Scope, key: str) -> None:
    """Draw how far the leads came, each stage with the way to its rows."""
    found = progress.stages(scope.days, scope.segment)
    stages = pl.DataFrame(found.shown(), schema={"stage": pl.String, "leads": pl.Int64}, orient="row")
    words = f"{progress.in_words(found)} {progress.funnel_before(scope)}".strip()
    with chart.card("From score to customer", glossary.term("funnel")):
        if not found.counts["scored"]:
            empty_state.show("No lead was scored on these days.", icon="filter_alt_off")
            return
        figure = flows.funnel(stages, chart.colours())
        chart.show(figure, f"{key}_funnel", alt=f"Leads by stage. {words}", words=words)
        with st.grid(4, min_column_width=104, gap="xxsmall", key=f"{key}_stages"):
            for stage, label in funnel.STAGES.items():
                st.page_link(
                    navigation.script("leads"), label=label, icon=":material/arrow_forward:", width="content",
                    disabled=not found.counts[stage], query_params=progress.opens(stage, scope),
                )  # fmt: skip


def lift(scope: Scope, key: str) -> None:
    """Draw the win rate by tenth of the ranking."""
    found = progress.lift(scope.days, scope.segment)
    with chart.card("The best tenth wins most" if _is_best(found) else "Win rate by tenth", glossary.term("lift")):
        if found.deciles.is_empty():
            empty_state.link(found.why, page="train", action="Look at Train")
            return
        best = found.deciles["rate"][0]
        words = f"{best:.0%} of the best tenth won, against {found.base_rate:.0%} of all: {found.whose}."
        words = f"{words} {progress.lift_before(scope)}".strip()
        figure = quality.lift(found.deciles, found.base_rate, chart.colours())
        chart.show(figure, f"{key}_lift", alt=f"Win rate by tenth. {words}", words=words)


def _is_best(found: progress.Lift) -> bool:
    return not found.deciles.is_empty() and found.deciles["rate"][0] == found.deciles["rate"].max()


def outcomes(scope: Scope, key: str) -> None:
    """Draw won and lost leads over time, with the marks that people left."""
    rows = reads.outcomes_over_time(scope)
    with chart.card("Won and lost over time", glossary.term("annotation")):
        if rows.is_empty():
            empty_state.show("No outcome with a date on these days.", icon="event_busy")
        else:
            counts = {kind: int(rows.filter(kind=kind)["n"].sum()) for kind in ("Won", "Lost")}
            words = f"{counts['Won']:,} won and {counts['Lost']:,} lost, by {reads.tiles(scope).by}."
            figure = over_time.counts(rows, chart.colours(), desk.marks(rows))
            chart.show(figure, f"{key}_outcomes", alt=f"Closed leads over time. {words}", words=words)
        last = datetime.combine(scope.days.last, time.min) if scope.days else None
        annotate.show(f"{key}_annotate", last)


def alerts() -> None:
    """Draw what needs somebody."""
    with chart.card("Needs somebody"):
        found = alerting.alerts()
        if not found:
            st.markdown(":green[:material/check_circle:] Nothing waits and nothing drifted.")
        for one in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f":{one.colour}[:material/{one.icon}:] {one.text}")
                st.page_link(
                    navigation.script(one.page), label="Look", icon=":material/arrow_forward:", width="content",
                    query_params=dict(one.opens),
                )  # fmt: skip


def changes(scope: Scope) -> None:
    """Draw the newest entries of the ledger as steps, those that are new to the viewer marked."""
    with chart.card("What changed", glossary.term("ledger")):
        found = overview.changes(DAYS.get(scope.tr))
        seen = last_look.before(*overview.ledger())
        within = "" if scope.tr == "all" else f" in the last {RANGES[scope.tr]} by the clock"
        for one in found:
            mark = " :primary-badge[new]" if seen is not None and one.seq > seen else ""
            label = f"{one.title} :gray[· {one.moment:%d %b, %H:%M} · {one.actor}]{mark}"
            with st.expander(label, type="step"):
                st.caption(f"{one.details or 'no counts'} · ledger entry {one.seq}")
        st.caption(f"The newest changes{within}; they concern every segment." if found else f"Nothing changed{within}.")
        if seen is not None:
            st.caption(overview.news(found, seen))
