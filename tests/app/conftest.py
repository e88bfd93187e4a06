"""A small open store behind the app's one workbench."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import services
from core.governance.users import Users
from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.signals.service import Signals
from core.workbench import Workbench
from tests.once import made_once


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A new store with its first users and no events, shared as the app's workbench."""
    with Database.open(tmp_path / "store", SystemClock()) as db:
        rooms = SimpleNamespace(users=Users(db), signals=Signals(db))
        rooms.users.ensure_defaults()
        opened = SimpleNamespace(db=db, rooms=rooms, close=lambda: None)
        services.use(opened)  # type: ignore[arg-type]
        yield opened
        services.use(None)


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small decided store, made once for all workers; copy it before you open it."""
    from tests.app.demo import make

    return made_once(tmp_path_factory, "small-demo", make) / "store"


def copied(folder: Path, to: Path) -> Path:
    """A copy of a store that nobody has open."""
    return Path(shutil.copytree(folder, to / "store", ignore=shutil.ignore_patterns("lock")))


@pytest.fixture(scope="session")
def _demo_opened(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with Workbench.open(copied(demo_folder, tmp_path_factory.mktemp("demo")), SystemClock()) as bench:
        yield bench


@pytest.fixture
def demo(_demo_opened: Workbench) -> Iterator[Workbench]:
    """The small decided store as the app's workbench; tests must leave it as it is."""
    services.use(_demo_opened)
    yield _demo_opened
    services.use(None)


@pytest.fixture(scope="module")
def demo_copy(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A copy of the small decided store as the app's workbench, for a module of tests that write."""
    with Workbench.open(copied(demo_folder, tmp_path_factory.mktemp("demo_copy")), SystemClock()) as bench:
        services.use(bench)
        yield bench
        services.use(None)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Workbench]:
    """A new store with its first users and nothing else, as the app's workbench."""
    with Workbench.open(tmp_path / "store", SystemClock()) as bench:
        services.use(bench)
        yield bench
        services.use(None)
