"""One demo store, one server and one Chromium for all browser tests; no complaint of a page goes unseen."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests import demo_run
from tests.browser import serving
from tests.once import made_once

PageFor = Callable[..., Page]


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo store that nobody serves; those who do take a copy."""
    return made_once(tmp_path_factory, "demo-run", demo_run.make) / "store"


@pytest.fixture(scope="session")
def server(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on a copy of the demo store."""
    folder = Path(shutil.copytree(demo_store, tmp_path_factory.mktemp("served") / "store"))
    with serving.served(folder) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium or Chrome."""
    with serving.chromium() as browser:
        yield browser


@pytest.fixture
def page_for(server: str, chromium: Browser) -> Iterator[PageFor]:
    """`page_for(path, theme="light", size=(1440, 900))` opens a settled page; at the end none may have complained."""
    watches: list[serving.Watch] = []
    with ExitStack() as stack:

        def opened(path: str, theme: str = "light", size: tuple[int, int] = (1440, 900)) -> Page:
            page, watch = stack.enter_context(serving.opened(chromium, server, path, theme, size))
            watches.append(watch)
            return page

        yield opened
    assert [text for watch in watches for text in watch.complaints] == []
