"""The parts of the first page: figures, funnel, lift, alerts, and what changed."""

import streamlit as st

from app import navigation
from app.charts import flows, quality
from app.components import chart, empty_state, glossary, kpi
from app.queries import alerts as alerting
from app.queries import data, leads, overview, versions
from app.queries import figures as standing


def figures(key: str) -> None:
    """Draw five figures with their course."""
    won, totals, numbers = overview.winning(), data.totals(), standing.figures()
    top = f"Band {versions.bands().label(numbers.top)}" if numbers.top else "Best band"
    board = leads.waiting()
    kpi.tiles(
        [
            kpi.Kpi(
                "Win rate, 4 weeks" if won.won_by_week else "Win rate",
                "–" if won.rate is None else f"{won.rate:.1%}",
                None if won.change is None else f"{100 * won.change:+.1f} pts",
                "vs 4 before" if won.change is not None else None,
                won.rate_by_week,
                help=glossary.term("outcome"),
            ),
            kpi.Kpi(
                "Won leads",
                f"{totals['won']:,}",
                note="by week" if won.won_by_week else None,
                course=won.won_by_week,
                chart="bar",
            ),
            kpi.Kpi(
                "Leads decided", f"{board.height:,}", note=f"of {totals['leads']:,} known", course=standing.sizes()
            ),
            kpi.Kpi(
                f"{top} leads",
                f"{numbers.leads:,}",
                None if numbers.change is None else f"{numbers.change:+,d}",
                f"since {numbers.since:%d %b}" if numbers.since else None,
                numbers.course,
                help=glossary.term("band"),
            ),
            kpi.Kpi(
                "Events",
                f"{totals['events']:,}",
                note="by day, last 60" if totals["events"] else None,
                course=data.daily(),
                chart="bar",
            ),
        ],
        key,
    )


def funnel(key: str) -> None:
    """Draw the way from every lead known to the best band."""
    stages = overview.funnel()
    words = "; ".join(f"{stage.lower()} {count:,}" for stage, count in stages.iter_rows())
    with chart.card("From known to called first", glossary.term("pool")):
        figure = flows.funnel(stages, chart.colours())
        told = "Open leads are decided; guards hold or deny some; the policy routes the others."
        chart.show(figure, f"{key}_funnel", alt=f"Leads by stage: {words}.", words=told)


def lift(key: str) -> None:
    """Draw the win rate by tenth of the ranking, for the newest model on leads it had not seen."""
    latest = overview.model()
    with chart.card("The best tenth wins most", glossary.term("lift")):
        if latest is None or latest.deciles.is_empty():
            empty_state.link("No model yet.", page="train", action="Train one")
            return
        best = latest.deciles["rate"][0]
        words = (
            f"{latest.name}, {latest.split} split: {best:.0%} of the best tenth won, against {latest.base_rate:.0%} "
            "of all test leads."
        )
        figure = quality.lift(latest.deciles, latest.base_rate, chart.colours())
        chart.show(figure, f"{key}_lift", alt=f"Win rate by tenth. {words}", words=words)


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


def changes() -> None:
    """Draw the newest entries of the ledger as steps."""
    with chart.card("What changed", glossary.term("ledger")):
        for one in overview.changes():
            label = f"{one.title} :gray[· {one.moment:%d %b, %H:%M} · {one.actor}]"
            with st.expander(label, type="step"):
                st.caption(f"{one.details or 'no counts'} · ledger entry {one.seq}")
