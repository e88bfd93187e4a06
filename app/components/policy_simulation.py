"""What a draft would do to the leads as they stand: figures, moves, counts, who gains and who loses."""

import polars as pl
import streamlit as st

from app import session
from app.charts import capacity, flows
from app.components import badges, chart, columns, export_menu, frame_table, glossary, kpi, linked
from app.queries import policies, simulation, study
from app.queries.simulation import Simulated
from core.policy.document import Policy
from core.policy.store import StoredVersion

OUTPUTS = {"pool": "Pool", "band": "Band", "action": "Action", "disposition": "Disposition"}
MODES = {"flow": "Flow", "matrix": "Matrix"}
WHICH = {
    "up": "Winners",
    "down": "Losers",
    "all": "All that change",
    "PERMIT": "Newly eligible",
    "HOLD": "Newly held",
    "DENY": "Newly denied",
}
MOVE = "move"
"""The address's word for a cell of the matrix: `output:before→after`."""
MOST_MOVES = 5
CAPACITY = "cap"
"""The address's word for how many leads a day somebody gets to."""
CAPACITY_NOTE = (
    "Wins expected in four weeks of five days, if so many leads a day are reached, most urgent first: the sum of the "
    "calibrated scores. The shade is the range that chance alone leaves."
)


def figures(found: Simulated, key: str, across: int | None = None) -> None:
    """Draw the figures over a simulation, in one row or so many `across`."""
    told = found.figures
    expected = told.expected_after - told.expected_before
    kpi.tiles(
        [
            kpi.Kpi("Decided otherwise", f"{told.changed / max(told.leads, 1):.1%}", note=leads(told.changed),
                    better="off"),
            kpi.Kpi("Leads re-routed", f"{told.rerouted / max(told.leads, 1):.1%}", note=leads(told.rerouted),
                    help=glossary.term("pool")),
            kpi.Kpi(f"{told.top.capitalize()} leads", f"{told.top_after:,}", _signed(told.top_after - told.top_before),
                    f"from {told.top_before:,}", better="off", help=glossary.term("band")),
            kpi.Kpi(f"Wins expected in {told.top}", f"{told.expected_after:,.0f}", _signed(round(expected)),
                    f"from {told.expected_before:,.0f}",
                    help="The sum of the calibrated scores of the best band; simulated, not promised."),
            kpi.Kpi("Held or denied", f"{told.stopped_after:,}", _signed(told.stopped_after - told.stopped_before),
                    f"from {told.stopped_before:,}", better="inverse", help=glossary.term("guard")),
        ],
        key, across,
    )  # fmt: skip


def leads(count: int) -> str:
    """`1 lead`, `1,715 leads`."""
    return f"{count:,} lead{'' if count == 1 else 's'}"


def _signed(count: int) -> str | None:
    return f"{count:+,d}" if count else None


def moves(found: Simulated, live: StoredVersion, key: str) -> None:
    """Draw where leads move, as a flow or as a matrix."""
    with chart.card("Where leads move", "Leads as they stood at their newest decision, decided by both versions."):
        with st.container(horizontal=True, vertical_alignment="center"):
            output = linked.segments("Output", OUTPUTS, "output", f"{key}_output")
            st.space("stretch")
            mode = linked.segments("View", MODES, "mode", f"{key}_mode")
        rows, order = simulation.moves(found, output)
        before, after = f"Live {policies.title(live)}", "Draft"
        draw = flows.matrix if mode == "matrix" else flows.sankey
        words = _moves_words(found, output)
        clicked = chart.show(
            draw(rows, order, chart.colours(), before=before, after=after), f"{key}_{mode}_{output}",
            alt=f"Moves of leads by {output}. {words}", words=words, select=mode == "matrix",
        )  # fmt: skip
        if clicked and clicked[0].get("customdata"):
            session.address({MOVE: f"{output}:{clicked[0]['customdata']}"})
        if mode == "flow":
            _largest(found, output, f"{key}_{output}_largest")


def _largest(found: Simulated, output: str, key: str) -> None:
    """Draw the largest moves as what can be clicked to see their leads, since a flow gives no clicks."""
    moving = [row for row in found.run.matrix(output).iter_rows() if row[0] != row[1]][:MOST_MOVES]
    if not moving:
        return
    named = {f"{output}:{before}{flows.TO}{after}": f"{before} {flows.TO} {after} · {count:,}"
             for before, after, count in moving}  # fmt: skip
    asked = session.parameter(MOVE)
    session.remember(key, asked if asked in named else None)
    st.pills("See the leads of a move", list(named), format_func=named.__getitem__, key=key, on_change=_open,
             args=(key,))  # fmt: skip


def _open(key: str) -> None:
    session.address({MOVE: session.value(key)})


def _moves_words(found: Simulated, output: str) -> str:
    matrix = found.run.matrix(output)
    moving = [row for row in matrix.iter_rows() if row[0] != row[1]]
    stay = found.figures.leads - sum(row[2] for row in moving)
    if not moving:
        return f"In words: all {stay:,} leads keep their {output}."
    before, after, leads = moving[0]
    return f"In words: {stay:,} leads keep their {output}; the largest move is {leads:,} from {before} to {after}."


def conversions(found: Simulated, draft: Policy, key: str) -> None:
    """Draw how many wins are to be expected by how many leads a day somebody gets to."""
    with chart.card("Wins by daily capacity", CAPACITY_NOTE):
        curve = simulation.curve(found)
        if curve.is_empty():
            st.caption("No eligible lead has to be touched within a day, under neither version.")
            return
        last, today = curve.row(-1, named=True), study.slots_today(draft)
        words = (
            f"In words: with every lead reached, {last['after']:,.1f} wins are expected under the draft, "
            f"{last['before']:,.1f} now."
        )
        if today is not None and today > last["slots"]:
            words += f" The reps may take {today:,.0f} a day: more than come."
            today = None
        asked, chosen = _asked(last["slots"], today, f"{key}_cap"), None
        if asked is not None:
            before, after = simulation.wins_at(curve, asked)
            chosen, words = (asked, after), f"{words} With {asked:,.0f} a day: {after:,.1f}, {before:,.1f} now."
        figure = capacity.by_slots(curve, chart.colours(), before="Live", after="Draft", today=today, chosen=chosen)
        chart.show(figure, f"{key}_slots", alt=f"Wins by leads a day. {words}", words=words)


def _asked(most: float, today: float | None, key: str) -> int | None:
    """Draw the question how many leads a day somebody gets to; None before anybody asked or any limit is known."""
    told, end = session.parameter(CAPACITY), max(int(most), 2)
    known = int(told) if told.isdecimal() else today
    session.remember(key, min(max(round(end if known is None else known), 1), end))
    asked = st.slider(
        "Leads a day that somebody gets to", 1, end, key=key, on_change=_write_capacity, args=(key,),
        help="What if the reps got to so many a day?",
    )  # fmt: skip
    return None if known is None else asked


def _write_capacity(key: str) -> None:
    session.address({CAPACITY: str(session.value(key))})


def hits(found: Simulated, key: str) -> None:
    """Draw the draft's rules in their order, with how many leads each had a part in."""
    st.markdown("**Rule order**", help="How many leads a rule had a part in: live, then draft.")
    rows = simulation.rule_hits(found)
    config = {"rule": "Rule", "before": columns_count("Live"), "after": columns_count("Draft")}
    frame_table.show(rows, f"{key}_hits", columns=config, order=list(config), height=frame_table.fitting(8),
                     alt="Rules with their leads.")  # fmt: skip


def columns_count(label: str) -> object:
    """A whole number of leads."""
    return st.column_config.NumberColumn(label, format="localized", width="small")


def lists(found: Simulated, live: StoredVersion, key: str) -> None:
    """Draw who gains and who loses, with export."""
    with chart.card("Who would be treated differently"):
        with st.container(horizontal=True, vertical_alignment="center"):
            which, rows = _chosen(found, key)
            st.space("stretch")
            export_menu.show(rows, "simulation", f"{key}_export", about=simulation.about(found, live))
        if rows.is_empty():
            st.caption("Nobody.")
            return
        config = {
            "lead": "Lead",
            "company": "Company",
            "region": "Region",
            "percentile": columns.score("Percentile", glossary.term("percentile")),
            "score": st.column_config.NumberColumn("Score", format="%.4f", help=glossary.term("score")),
            "band": "Band",
            "pool": "Pool",
            "action": "Action",
            "disposition": "Disposition",
        }
        frame_table.show(rows.head(500), f"{key}_{which}", columns=config, order=list(config),
                         height=frame_table.fitting(min(rows.height, 8)), alt="Leads that would move.")  # fmt: skip


def _chosen(found: Simulated, key: str) -> tuple[str, pl.DataFrame]:
    """The leads of the cell that was clicked in the matrix, else of the list that is chosen; and its word."""
    output, _, move = session.parameter(MOVE).partition(":")
    before, arrow, after = move.partition(flows.TO)
    if arrow and output in OUTPUTS:
        rows = simulation.between(found, output, before, after)
        st.markdown(f"{OUTPUTS[output]}: **{before} → {after}** · {leads(rows.height)}")
        if st.button("All lists", key=f"{key}_back", icon=":material/close:", type="tertiary"):
            session.address({MOVE: None})
            st.rerun()
        return "cell", rows
    told, newly = found.figures, {word: found.run.newly(word).height for word in ("PERMIT", "HOLD", "DENY")}
    sizes = {"up": told.up, "down": told.down, "all": told.changed, **newly}
    named = {name: f"{title} · {sizes[name]:,}" for name, title in WHICH.items()}
    help = "Winners go up a band; losers go down one, or are held or denied. A cell of the matrix can be clicked, too."
    which = linked.segments("List", named, "movers", f"{key}_which", help=help)
    return which, simulation.movers(found, which)


def badge() -> str:
    """Markdown of the badge that says a figure is simulated."""
    return badges.evidence("simulated")


def evidence(found: Simulated) -> None:
    """Draw what kind of figures these are, and their hash."""
    drawn_from = f":gray[{found.mode} on {found.figures.leads:,} leads, open or closed · result]"
    took = f":gray[took {found.seconds:.1f} s]"
    badges.show(badges.evidence("simulated"), drawn_from, f"`{found.result_hash[7:19]}`", took)
