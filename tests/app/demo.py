"""A small decided store for the page tests: the demo stream, one fast recipe, made once a test run."""

from pathlib import Path

from core.demo import generate
from core.kernel.clock import SystemClock
from core.recipes.reader import read_recipe
from core.workbench import Workbench

EVENTS, LEADS = 9_000, 800
FASTER = {"trees: 200": "trees: 40", "last: 7d": "last: 2d", "[1d, 3d, 7d, 14d]": "[3d, 7d]"}


def make(folder: Path) -> Path:
    """A store with events, leads, outcomes, a feature set, a model, a policy, decisions and a drift report."""
    files = generate(folder / "demo", events=EVENTS, leads=LEADS, seed=7)
    text = files.recipe.read_text(encoding="utf-8")
    for slow, fast in FASTER.items():
        assert slow in text
        text = text.replace(slow, fast)
    files.recipe.write_text(text, encoding="utf-8")
    with Workbench.open(folder / "store", SystemClock()) as bench:
        bench.runner.run(read_recipe(files.recipe), actor="ana")
    return folder / "store"
