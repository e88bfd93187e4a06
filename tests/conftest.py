"""What every test room shares: the real data folder, and a project root that is the same from anywhere."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, settings

from core.kernel.database import Database
from core.kernel.database.upgrading import migrate

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

LONG = ("tests/browser/test_shell.py", "tests/recipes", "tests/browser", "tests/app", "tests/faults")
"""Long files begin first, so that no worker is left with one at the end; those that share a demo store one after the
other, so that no worker waits while another makes it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, every file as it stands."""
    items.sort(key=lambda item: next((place for place, room in enumerate(LONG) if item.nodeid.startswith(room)), 9))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data sets; a test that needs it is skipped with the reason where it is absent."""
    folder = Path(os.environ.get("LEADBENCH_TEST_DATA", ROOT.parent / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; name its folder in $LEADBENCH_TEST_DATA")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _new_stores_are_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """In this process a new store begins as a copy of an empty one: its migrations were a quarter of all the time."""
    empty = tmp_path_factory.mktemp("empty") / "store.duckdb"
    with duckdb.connect(str(empty)) as connection:
        connection.execute("LOAD icu")
        migrate(connection, empty.parent)
    connect = Database._connect

    def copied(database: Database) -> None:
        path = database.directory / "store.duckdb"
        if not path.exists():
            shutil.copyfile(empty, path)
        connect(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "_connect", copied)
        yield
