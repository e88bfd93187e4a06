"""A policy over a population in the store: the same as its evaluator, followed, and cancelled."""

import threading
from datetime import UTC, datetime
from random import Random

import pytest
from polars.testing import assert_frame_equal

from core.kernel.clock import FixedClock
from core.kernel.database import Database, Watch
from core.kernel.workers import Cancelled
from core.policy import default, parser
from core.policy.inputs import fill
from core.simulation.on_store import NAME
from core.simulation.one_step import decided
from core.simulation.store import decided_in_store

POLICY = parser.load(default.shipped(), "default")
ODD = [
    *({"score": value} for value in ("high", True, float("nan"), float("inf"), 7, None)),
    *({"feature_age_min": value} for value in (12.0, 12.5, "old", 10**18, False)),
    *({"suppressed": value} for value in ("yes", 1, True)),
    *({"prev_band": value} for value in (3, "tepid", None)),
]


@pytest.fixture
def store(tmp_path):
    with Database.open(tmp_path / "store", FixedClock(datetime(2026, 1, 1, tzinfo=UTC))) as database:
        yield database


def population(count):
    rng = Random(5)
    bands = ["none", "cold", "nurture", "warm", "hot"]
    plain = [{"score": round(rng.random(), 4), "prev_band": rng.choice(bands)} for _ in range(count)]
    return [(f"l{place:05}", {**fill(POLICY, {}), **given}) for place, given in enumerate([*plain, *ODD])]


def test_the_store_decides_every_lead_as_the_evaluator_does(store):
    leads = population(300)
    assert_frame_equal(decided_in_store(store, POLICY, leads, Watch(NAME)), decided(POLICY, leads))


def test_only_odd_leads_are_decided_too(store):
    leads = [("x", {**fill(POLICY, {}), "score": "high"})]
    assert decided_in_store(store, POLICY, leads, Watch(NAME))["disposition"].to_list() == ["HOLD"]


def test_a_cancelled_simulation_raises_and_leaves_the_ledger_alone(store):
    cancel = threading.Event()
    cancel.set()
    before = store.entries().height
    with pytest.raises(Cancelled) as refusal:
        decided_in_store(store, POLICY, population(10), Watch(NAME, cancel=cancel))
    assert refusal.value.value == "the simulation"
    assert store.entries().height == before
