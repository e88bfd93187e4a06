"""A store, the room's service, and workers that run in this process so that most tests are quick."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.signals import importing, redriving
from core.signals.service import Signals

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def run_here(function: Callable[..., Any], *args: object, **_: object) -> Any:
    return function(*args)


@pytest.fixture(autouse=True)
def workers_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "real_workers" not in request.fixturenames:
        monkeypatch.setattr(importing, "run_in_worker", run_here)
        monkeypatch.setattr(redriving, "run_in_worker", run_here)


@pytest.fixture
def real_workers() -> None:
    """Asking for it keeps the worker processes."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "store", FixedClock(NOW)) as database:
        yield database


@pytest.fixture
def signals(store: Database) -> Signals:
    return Signals(store)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def writer(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer
