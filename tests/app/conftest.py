"""A small open store behind the app's one workbench."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import services
from core.governance.users import Users
from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.signals.service import Signals


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
