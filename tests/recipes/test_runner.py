"""The runner on a small store: who may run what, and what running again does."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.governance.errors import Forbidden
from core.kernel.clock import SystemClock
from core.recipes.reader import read_recipe
from core.workbench import Workbench

LEADS = 400
START = datetime(2026, 1, 1)
RECIPE = """schema: leadbench/recipe/v1
name: small
sources:
  leads: {path: leads.csv}
  events: [{path: events.csv, map: {source: {literal: web}}}]
  outcomes: {path: deals.csv, map: {lead_id: lead_id, at: closed}, won: "true"}
label: {positive: won, horizon: 30d}
landmarks: {after_created: [3d, 7d]}
train: {trees: 5, learning_rate: 0.2}
"""


def write(folder: Path, recipe: str = RECIPE) -> Path:
    """The recipe with its files: keen leads look often and win."""
    leads, events, deals = ["lead_id,created_at,size"], ["lead_id,type,occurred_at"], ["lead_id,closed"]
    for number in range(LEADS):
        chance = random.Random(number)
        born, keen = START + timedelta(hours=8 * number), chance.random()
        leads.append(f"l{number},{born.isoformat()},{chance.randint(1, 900)}")
        for look in range(1 + int(9 * keen)):
            kind = "demo" if look % 4 == 3 else "view"
            events.append(f"l{number},{kind},{(born + timedelta(hours=1 + 12 * look * chance.random())).isoformat()}")
        if keen + chance.gauss(0, 0.2) > 0.7:
            deals.append(f"l{number},{(born + timedelta(days=10 + 15 * chance.random())).isoformat()}")
    for name, lines in (("leads", leads), ("events", events), ("deals", deals)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (folder / "small.yaml").write_text(recipe)
    return folder / "small.yaml"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workbench, Path, dict[str, Any]]]:
    recipe = write(tmp_path_factory.mktemp("small"))
    with Workbench.open(recipe.parent / "store", SystemClock()) as bench:
        yield bench, recipe, bench.runner.run(read_recipe(recipe), actor="ana")


def test_who_may_not_train_or_decide_is_refused_before_anything_is_written(ran):
    bench, recipe, _ = ran
    head = bench.db.verify().head
    for step in (
        lambda: bench.runner.run(read_recipe(recipe), actor="rita"),
        lambda: bench.runner.train(actor="rita"),
        lambda: bench.runner.score(actor="rita"),
        lambda: bench.runner.drift(actor="root"),
    ):
        with pytest.raises(Forbidden):
            step()
    assert bench.db.verify().head == head
