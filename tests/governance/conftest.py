"""A store with people, and policy documents to release."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import pytest

from core.governance import bundles
from core.governance.releases import Releases
from core.governance.users import Users
from core.kernel.database import Database
from core.policy import checker, parser
from core.policy.checker import CheckReport
from core.policy.default import propose
from core.policy.prover import Equality


class TickingClock:
    """A clock that moves on by a second at every look."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 9, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


def document(name: str = "inbound", hot: float = 0.8, risk: str = "medium", parent: str | None = None) -> str:
    text = propose(name, {"hot": hot, "warm": 0.5, "nurture": 0.2})
    head = f"  risk_class: {risk}\n" + (f"  parent: {parent}\n" if parent else "")
    assert "  risk_class: low\n" in text
    return text.replace("  risk_class: low\n", head)


_sound, _compare = checker.sound, bundles.compare


@lru_cache(maxsize=64)
def _sound_once(text: str, file: str) -> CheckReport:
    return _sound(text, file)


@lru_cache(maxsize=64)
def _compared_once(before: str, after: str) -> Equality:
    return _compare(*(parser.load(text, "m.yaml") for text in (before, after)))


def prove_once(patch: pytest.MonkeyPatch) -> None:
    """The real proofs, made once for each text: whoever releases the same few documents need not prove them anew."""
    patch.setattr(checker, "sound", _sound_once)
    patch.setattr(bundles, "compare", lambda before, after: _compared_once(before.text, after.text))


@pytest.fixture
def store(tmp_path: Path):
    with Database.open(tmp_path / "store", TickingClock()) as database:
        users = Users(database)
        users.ensure_defaults()
        users.add("rob", "reviewer", "root")
        yield database


@pytest.fixture
def releases(store: Database) -> Releases:
    return Releases(store)
