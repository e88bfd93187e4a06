"""Leads of regions that win by different things, and a recipe that names the region as its segment."""

import random
from datetime import datetime, timedelta
from pathlib import Path

LEADS = 3_000
START = datetime(2026, 1, 1)
RECIPE = """schema: leadbench/recipe/v1
name: regional
sources:
  leads: {path: leads.csv, attributes: [Market Region, size, budget]}
  outcomes: {path: deals.csv, map: {lead_id: lead_id, at: closed}, won: "won = 'yes'", lost: "won = 'no'"}
label: {positive: won}
landmarks: {after_created: [1h]}
split: {by: time, test_fraction: 0.2}
train: {trees: 20, learning_rate: 0.1, segments: {by: Market Region, fewest_rows: 150, fewest_of_a_class: 20}}
"""


def write(folder: Path) -> Path:
    """Large leads with a budget win, in the south only those unlike the middle; few come from the west."""
    leads, deals = ["lead_id,created_at,Market Region,size,budget"], ["lead_id,closed,won"]
    for number in range(LEADS):
        chance = random.Random(number)
        born = START + timedelta(hours=number)
        region = chance.choices(("north", "south", "west"), (0.5, 0.44, 0.06))[0]
        size, budget = chance.gauss(0, 1), chance.gauss(0, 1)
        pull = 3 * (abs(size) - 0.7) + 2 * (abs(budget) - 0.7) if region == "south" else 3 * size + 2 * budget
        leads.append(f"l{number},{born.isoformat()},{region},{size:.4f},{budget:.4f}")
        deals.append(
            f"l{number},{(born + timedelta(days=1)).isoformat()},{'yes' if pull + chance.gauss(0, 0.5) > 0 else 'no'}"
        )
    for name, lines in (("leads", leads), ("deals", deals)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (folder / "regional.yaml").write_text(RECIPE)
    return folder / "regional.yaml"
