"""Evidence is named by its content: the same simulation is kept once, an altered one is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.simulation.errors import EvidenceUnknown
from core.simulation.evidence import STREAMS, Evidence
from core.simulation.store_evidence import EvidenceStore


@pytest.fixture
def store(tmp_path):
    with Database.open(tmp_path / "store", FixedClock(datetime(2026, 1, 1, tzinfo=UTC))) as database:
        yield database


def evidence(store, **changed):
    found = Evidence("sha256:a", "sha256:b", store.revisions(*STREAMS), "one-step", 7, {"leads": 3, "share": 1.0})
    return replace(found, **changed)


def test_the_same_simulation_is_kept_once_and_found_again(store):
    kept, entries = EvidenceStore(store), store.entries().height
    for _ in range(2):
        kept.keep(evidence(store), "ana")
    assert store.entries().height == entries + 1
    found = kept.get(evidence(store).hash)
    assert (found.evidence, found.actor) == (evidence(store), "ana")
    assert [one.evidence.hash for one in kept.about("sha256:b", "sha256:a")] == [found.evidence.hash]
    assert kept.about("sha256:b", "sha256:other") == [] and kept.is_current(found.evidence)


@pytest.mark.parametrize(
    "change",
    [{"before": "sha256:c"}, {"mode": "rolled-forward"}, {"seed": 8}, {"result": {"leads": 4}}, {"revisions": {}}],
)
def test_whatever_differs_gives_another_hash(store, change):
    assert evidence(store, **change).hash != evidence(store).hash


def test_an_altered_or_unknown_simulation_is_refused(store):
    kept = EvidenceStore(store)
    known = kept.keep(evidence(store), "ana").hash
    with store.change("governance", "test.altered", "mallory") as change:
        change.execute("UPDATE simulations SET evidence = replace(evidence, '\"leads\":3', '\"leads\":9')")
    for asked in (known, "sha256:nothing"):
        with pytest.raises(EvidenceUnknown) as refusal:
            kept.get(asked)
        assert refusal.value.value == asked
