"""Pages over very many decided leads: the first look and the next ones (`make bench`; SIZE=full: 300,000 leads).

$LEADBENCH_MANY_STORE names such a store that is there already.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import services
from app.queries import explain
from app.server import import_shared
from core.kernel.settings import PROJECT_ROOT
from tests.benchmarks.many_leads import grow
from tests.browser.serving import demo_store

pytestmark = pytest.mark.bench
SIZES = {"small": 100_000, "full": 300_000}
BASE = ("--events", "24000", "--leads", "1500")
PAGES = ["overview", "leads", "drift", "lead"]
MOST_WARM, MOST_FIRST = 1.0, 20.0
FEWEST_FEATURES = 50


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    named = os.environ.get("LEADBENCH_MANY_STORE")
    folder = Path(named) if named else demo_store(tmp_path_factory.mktemp("many") / "store", *BASE)
    if not named:
        grow(folder, SIZES[os.environ.get("LEADBENCH_BENCH_SIZE", "small")])
    services.configure(folder)
    import_shared()
    yield folder
    services.close()


@pytest.mark.parametrize("script", PAGES)
def test_a_page_over_many_leads_opens_and_stays_fluid(script, many):
    fluid(script)


def test_the_first_panel_of_explain_is_there_within_a_second_once_warm(many):
    at = fluid("explain")
    shown = [one.value for one in at.markdown]
    assert any("What moves scores most" in one for one in shown) and at.get("plotly_chart")
    found = explain.stored(explain.runs()[0])
    assert found.importance.height >= FEWEST_FEATURES
    print(f"explain: {found.decided:,} leads, {found.importance.height} features")


def fluid(script: str) -> AppTest:
    """The page, opened and drawn again three times within the bars."""
    at = AppTest.from_file(str(PROJECT_ROOT / "app" / "main.py"), default_timeout=300)
    at = at if script == "overview" else at.switch_page(f"../pages/{script}.py")
    first = timed(at)
    warm = min(timed(at) for _ in range(3))
    print(f"{script}: first {first:.2f} s, warm {warm:.3f} s (processor of the script's process)")
    assert [error.message for error in at.exception] == []
    assert warm < MOST_WARM
    assert first < MOST_FIRST
    return at


def timed(at: AppTest) -> float:
    """Processor seconds of one run of the page that is open."""
    start = time.process_time()
    at.run()
    return time.process_time() - start
