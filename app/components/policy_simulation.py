"""What a draft would do to the leads as they stand: figures, moves, counts, who gains and who loses."""

import streamlit as st

from app import session
from app.charts import comparison, flows
from app.components import badges, chart, columns, export_menu, frame_table, glossary, kpi, linked
from app.queries import policies, simulation
from app.queries.simulation import Simulated
from core.policy.store import StoredVersion

OUTPUTS = {"pool": "Pool", "band": "Band", "action": "Action", "disposition": "Disposition"}
MODES = {"flow": "Flow", "matrix": "Matrix"}
WHICH = {"up": "Winners", "down": "Losers", "all": "All that change"}


def figures(found: Simulated, key: str) -> None:
    """Draw the figures over a simulation."""
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
        key,
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
        chart.show(draw(rows, order, chart.colours(), before=before, after=after), f"{key}_{mode}_{output}",
                   alt=f"Moves of leads by {output}. {words}", words=words)  # fmt: skip


def _moves_words(found: Simulated, output: str) -> str:
    matrix = found.run.matrix(output)
    moving = [row for row in matrix.iter_rows() if row[0] != row[1]]
    stay = found.figures.leads - sum(row[2] for row in moving)
    if not moving:
        return f"In words: all {stay:,} leads keep their {output}."
    before, after, leads = moving[0]
    return f"In words: {stay:,} leads keep their {output}; the largest move is {leads:,} from {before} to {after}."


def counts(found: Simulated, key: str) -> None:
    """Draw how many leads have each band, pool or action before and after."""
    output = session.value(f"{key}_moves_output") or "pool"
    rows = simulation.counts(found, output)
    with chart.card(f"Leads by {output}, now and then"):
        figure = comparison.before_after(rows, chart.colours(), before="Live", after="Draft")
        told = "; ".join(f"{value} {before:,} → {after:,}" for value, before, after in rows.head(4).iter_rows())
        chart.show(figure, f"{key}_counts_{output}", alt=f"Leads by {output}: {told}.", words=f"In words: {told}.")


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
    told = found.figures
    sizes = {"up": told.up, "down": told.down, "all": told.changed}
    with chart.card("Who would be treated differently"):
        with st.container(horizontal=True, vertical_alignment="center"):
            named = {name: f"{title} · {sizes[name]:,}" for name, title in WHICH.items()}
            help = "Winners go up a band; losers go down one, or are held or denied."
            which = linked.segments("List", named, "movers", f"{key}_which", help=help)
            st.space("stretch")
            rows = simulation.movers(found, which)
            export_menu.show(rows, "simulation", f"{key}_export", about=simulation.about(found, live))
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


def badge() -> str:
    """Markdown of the badge that says a figure is simulated."""
    return badges.evidence("simulated")


def evidence(found: Simulated) -> None:
    """Draw what kind of figures these are, and their hash."""
    badges.show(badges.evidence("simulated"), f":gray[one step on {found.figures.leads:,} leads · result]",
                f"`{found.result_hash[7:19]}`", f":gray[took {found.seconds:.1f} s]")  # fmt: skip
