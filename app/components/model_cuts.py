"""Where to cut: bands proposed from capacity and value, and what working the best leads is worth."""

from typing import Any

import polars as pl
import streamlit as st

from app import navigation
from app.charts import cuts as charts
from app.components import chart, frame_table, glossary
from app.feedback import refusals, refused
from app.queries import cuts
from core.kernel.errors import LeadbenchError
from core.models.costs import Costs, Worth, best
from core.models.cutoffs import Capacity
from core.models.store import ModelVersion
from core.recipes.cutting import Unseen

PERCENT = "%.1f%%"


def unseen(version: ModelVersion) -> Unseen | None:
    """The leads that cuts are measured on; None, and said why, where there are none."""
    try:
        return cuts.unseen(version.version)
    except LeadbenchError as refusal:
        refused(refusal)
        return None


def capacity(found: Unseen, key: str) -> None:
    """Draw the bands proposed from hours, agreed time and value, with what is not certain about them."""
    with chart.card("Bands from capacity and value", glossary.term("cut_off")):
        asked = _capacity(key)
        with refusals():
            told, bands = cuts.proposed(found, asked)
            first = bands.row(0, named=True)
            share = f"{told['workable_a_day']:,.0f} of {told['leads_a_day']:,.0f} leads a day can be worked"
            words = (
                f"In words: {share}; **{first['band']}** begins at {first['enter']:.1%} "
                f"({first['enter_low']:.1%} to {first['enter_high']:.1%}), by {first['because']}. There "
                f"{first['observed_rate']:.0%} won ({first['observed_low']:.0%} to {first['observed_high']:.0%})."
            )
            figure = charts.cuts(bands, chart.colours())
            chart.show(figure, f"{key}_bands", alt=f"Proposed cut-offs. {words}", words=words)
            _bands(found, bands, key)


def _capacity(key: str) -> Capacity:
    with st.container(horizontal=True):
        hours = _number("Rep hours a day", 24.0, f"{key}_hours", step=4.0)
        minutes = _number("Minutes a lead", 30.0, f"{key}_minutes", step=5.0)
        counted = "Counted over the thirty days up to the newest lead, unless you say otherwise."
        came = _number("Leads a day", _came(), f"{key}_came", step=5.0, help=counted)
        sla = _number(
            "Reach hot leads within hours", None, f"{key}_sla", 190, placeholder="the same day",
            help=glossary.term("sla"),
        )  # fmt: skip
        value = _number("A won deal brings", None, f"{key}_value")
        cost = _number("An hour costs", None, f"{key}_cost")
    return Capacity(hours or 0.0, minutes or 0.0, came or 0.0, value, cost, sla)


def _number(label: str, value: float | None, key: str, width: int = 150, **form: Any) -> float | None:
    """Draw the question for a number that is not negative; None where it was left open."""
    return st.number_input(label, 0.0, value=value, format="%g", key=key, width=width, **form)


def _came() -> float | None:
    try:
        return round(cuts.leads_a_day(), 1)
    except LeadbenchError:
        return None


def _bands(found: Unseen, bands: pl.DataFrame, key: str) -> None:
    number = st.column_config.NumberColumn
    config = {
        "band": st.column_config.TextColumn("Band", width=58),
        "enter": number("From", format=PERCENT, width=48),
        "live": number("Live", format=PERCENT, width=48, help="Where the deciding policy begins the band."),
        "leads_a_day": number("A day", format="%.1f", width=48, help="Leads a day above the cut."),
        "expected_rate": number("Said", format=PERCENT, width=48, help="The mean score above the cut."),
        "observed_rate": number("Won", format=PERCENT, width=48, help="What of these leads won."),
        "is_calibrated": st.column_config.CheckboxColumn(
            "Holds", width=46, help="What the scores promise lies in the interval of what happened."
        ),
        "because": st.column_config.TextColumn("Because of", width=150),
    }
    alt = "Proposed bands. A picked row opens the leads above its cut."
    shown = bands.with_columns(pl.col("enter", "live", "expected_rate", "observed_rate") * 100)
    picked = frame_table.pick(shown, f"{key}_table", columns=config, order=list(config), start=None, alt=alt)
    if picked is not None:
        _above(found, bands["enter"][picked], f"{key}_above")
    _weighted(found)
    st.caption("Nothing is changed by this: a policy with other thresholds is drafted and approved in Policy studio.")


def _above(found: Unseen, enter: float, key: str) -> None:
    """Draw the unseen leads from the cut on; the one that is picked opens."""
    rows = cuts.above(found, enter)
    config = {
        "lead": "Lead",
        "company": "Company",
        "said": st.column_config.NumberColumn("Said", format="percent", width=62),
        "won": st.column_config.CheckboxColumn("Won", width=52),
    }
    alt = "The unseen leads above the cut, best first."
    picked = frame_table.pick(rows, key, columns=config, order=list(config), start=None, height=240, alt=alt)
    if picked is not None:
        st.switch_page(navigation.script("lead"), query_params={"id": rows["ref"][picked]})


def worth(found: Unseen, key: str) -> None:
    """Draw what working the best leads brings, by how many are worked, and the matrix at one cut."""
    with chart.card("What a cut is worth", glossary.term("cost_matrix")):
        with st.container(horizontal=True):
            win = _number("A worked win brings", 1000.0, f"{key}_win", 170, step=100.0) or 0.0
            work = _number("Working a lead costs", 30.0, f"{key}_work", 170, step=5.0) or 0.0
            missed = _number("A win nobody works costs", 0.0, f"{key}_missed", 190, step=10.0) or 0.0
        with refusals():
            costs = Costs(win, work, missed)
            _worth(cuts.worth(found, costs), cuts.worth_of_best(found, costs), key)
            _weighted(found)


def _weighted(found: Unseen) -> None:
    """Say whom the figures are about where the label weights."""
    if found.weight is not None:
        st.caption(
            f"Shares and rates are those of all leads: {len(found.y):,} worked ones stand for them, each counted by "
            "the inverse of how likely work was."
        )


def _worth(rows: pl.DataFrame, fresh: Worth, key: str) -> None:
    top = best(rows)
    start = round(100 * top["share"])
    share = st.slider("Leads worked, best first", 0, 100, start, format="%d %%", key=f"{key}_share_{start}") / 100
    told = "nobody" if top["threshold"] is None else f"scores from {top['threshold']:.1%}"
    words = (
        f"In words: most is gained by working {top['share']:.0%} of the leads ({told}). A cut that one half of them "
        f"chooses brings {fresh.value:+,.0f} per 1,000 leads of the other half, 95 % from {fresh.low:+,.0f} to "
        f"{fresh.high:+,.0f}."
    )
    figure = charts.value(rows, chart.colours(), best=top["share"], chosen=share)
    chart.show(figure, f"{key}_curve", alt=f"Value by share of leads worked. {words}", words=words)
    chosen = rows.filter((pl.col("share") - share).abs() == (pl.col("share") - share).abs().min()).row(0, named=True)
    matrix = pl.DataFrame(
        {
            "of": ["Worked", "Left alone"],
            "won": [chosen["won_worked"], chosen["won_left"]],
            "lost": [chosen["lost_worked"], chosen["lost_left"]],
        }
    )
    config = {
        "of": f"Per 1,000 leads, {chosen['share']:.0%} worked",
        "won": st.column_config.NumberColumn("Win", format="%.0f"),
        "lost": st.column_config.NumberColumn("Lose", format="%.0f"),
    }
    frame_table.show(matrix, f"{key}_matrix", columns=config, alt="Wins and losses, worked and left alone.")
    st.caption(
        f"Here: {chosen['value']:+,.0f} per 1,000 leads. A score says how likely a win is, not what a call adds."
    )
