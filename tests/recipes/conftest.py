"""Recipes on the real data: each runs once a session, by the command line, as a user would."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.kernel.clock import SystemClock
from core.recipes.reader import read_recipe
from core.recipes.runner import loading
from core.recipes.store import Run
from core.workbench import Workbench
from tests.recipes.regional import write

HERE = Path(__file__).parent
Ran = Callable[[str], tuple[Path, dict[str, Any]]]


def leadbench(*arguments: str) -> dict[str, Any]:
    """The JSON object that a command prints; fails with its standard error where it does not exit 0."""
    command = [sys.executable, "-c", "from app.cli import main; main()", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def ran(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Runs a recipe of this folder on a store of its own, once; its store and result."""
    found: dict[str, tuple[Path, dict[str, Any]]] = {}

    def run(name: str) -> tuple[Path, dict[str, Any]]:
        if name not in found:
            folder = tmp_path_factory.mktemp(name)
            recipe = folder / f"{name}.yaml"
            text = (HERE / f"{name}.yaml").read_text().replace("../../../shared/data", str(real_data))
            recipe.write_text(text)
            store = folder / "store"
            found[name] = store, leadbench("run", str(recipe), "--store", str(store))
        return found[name]

    return run


@pytest.fixture(scope="session")
def regional(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workbench, dict[str, Any]]]:
    """The store with the recipe as its last one, and what training it came to; drift is not measured."""
    file = read_recipe(write(tmp_path_factory.mktemp("regional")))
    with Workbench.open(file.folder / "store", SystemClock()) as bench:
        loading.load(bench.rooms.signals, file, "ana")
        run = Run(loading.run_key(file), file.recipe.name, file.recipe.document, str(file.folder), {}, {})
        bench.rooms.runs.add(run, bench.db.revision("signals"), "ana")
        yield bench, bench.runner.train(actor="ana")
