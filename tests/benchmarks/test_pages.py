"""How long a page's script takes on the demo store, warm (`make bench`, SIZE=full for the default demo)."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import services
from app.navigation import SECTIONS
from app.server import import_shared
from core.kernel.settings import PROJECT_ROOT
from tests.browser.serving import demo_store

pytestmark = pytest.mark.bench
ENTRIES = [entry for entries in SECTIONS.values() for entry in entries]
SIZES = {"small": ("--events", "24000", "--leads", "1500"), "full": ()}
MOST_SECONDS = 0.5


@pytest.fixture(scope="module")
def served_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    named = os.environ.get("LEADBENCH_BENCH_STORE")
    size = SIZES[os.environ.get("LEADBENCH_BENCH_SIZE", "small")]
    folder = Path(named) if named else demo_store(tmp_path_factory.mktemp("bench") / "store", *size)
    services.configure(folder)
    import_shared()
    yield folder
    services.close()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.script)
def test_a_warm_page_takes_less_than_half_a_second(entry, served_store):
    at = AppTest.from_file(str(PROJECT_ROOT / "app" / "main.py"), default_timeout=60).run()
    if entry.path:
        at = at.switch_page(f"../pages/{entry.script}.py").run()
    seconds = min(timed(at) for _ in range(5))
    print(f"{entry.title}: {seconds:.3f} s")
    assert not at.exception
    assert seconds < MOST_SECONDS


def timed(at: AppTest) -> float:
    """Seconds of one run of the page that is open."""
    start = time.perf_counter()
    at.run()
    return time.perf_counter() - start
