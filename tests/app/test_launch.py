"""Every page opens on a store that holds nothing yet, and says so instead of failing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import services
from app.navigation import SECTIONS
from core.kernel.settings import PROJECT_ROOT
from core.workbench import Workbench

ENTRIES = [entry for entries in SECTIONS.values() for entry in entries]


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("empty") / "store"
    with Workbench.open(folder) as workbench:
        services.use(workbench)
        yield folder
        services.use(None)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.script)
def test_every_page_opens_on_an_empty_store(entry, empty_store):
    at = AppTest.from_file(str(PROJECT_ROOT / "app" / "main.py"), default_timeout=60).run()
    if entry.path:
        at = at.switch_page(f"../pages/{entry.script}.py").run()
    assert [error.message for error in at.exception] == []
    assert at.title[0].value
    assert at.sidebar.selectbox[0].value == "ana"


def test_a_store_that_cannot_be_opened_is_a_refusal_on_every_page(monkeypatch):
    from core.kernel.errors import StoreMissing

    def refused():
        raise StoreMissing(Path("nowhere"))

    monkeypatch.setattr(services, "workbench", refused)
    at = AppTest.from_file(str(PROJECT_ROOT / "app" / "main.py"), default_timeout=60).run()
    assert not at.exception
    assert "nowhere" in at.error[0].value
