"""The four figures over the leads: how many in the best band, wins to expect, who is new there, who is held."""

from app.components import glossary, kpi
from app.queries import figures, versions


def show(key: str) -> None:
    """Draw the figures of the board as it stands."""
    numbers = figures.figures()
    best = f"band {versions.bands().label(numbers.top)}"
    kpi.tiles(
        [
            kpi.Kpi(
                f"Leads in {best}",
                f"{numbers.leads:,}",
                None if numbers.change is None else f"{numbers.change:+,d}",
                f"since {numbers.since:%d %b}" if numbers.since else None,
                numbers.course,
                help=glossary.term("band"),
            ),
            kpi.Kpi(
                f"Wins to expect in {best}",
                f"{numbers.expected:,.1f}",
                numbers.expected_change,
                "sum of its scores",
                numbers.expected_course,
                help=glossary.term("score"),
                chart="line",
            ),
            kpi.Kpi(
                f"New in {best}",
                f"{numbers.new:,}",
                note="came from another band",
                course=numbers.new_course,
                chart="bar",
            ),
            kpi.Kpi(
                "Held for review",
                f"{numbers.held:,}",
                note=f"mostly {numbers.held_why}" if numbers.held_why else "by guards",
                course=numbers.held_course,
                help=glossary.term("guard"),
            ),
        ],
        key,
    )
