"""Decisions on a store without dates: what was learnt of a lead since tells one decision from the next."""

from datetime import datetime

import pytest

from core.decisions.engine import decide
from core.decisions.replay import Loaders, replay
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from tests.decisions.conftest import lead_id

LEARNT = datetime(2026, 11, 10)


def change(store, *statements):
    with store.change("signals", "signals.changed", "test") as writing:
        for sql in statements:
            writing.execute(sql)


@pytest.fixture
def undated(store):
    change(
        store,
        "DELETE FROM events",
        "UPDATE leads SET created_at = NULL",
        "UPDATE outcomes SET closed_at = NULL",
        "UPDATE attributes SET valid_from = NULL, received_at = NULL",
    )
    return store


@pytest.fixture
def deciders(feature_set, model, policy):
    return {"feature_set": feature_set, "model": model, "policy": policy, "arm": "trial", "actor": "ana"}


def learn(store, lead_no=1, employees=9_000.0, learnt=LEARNT):
    values = f"({lead_no}, 'employees', NULL, {employees}, NULL, NULL, NULL, '{learnt}', '{learnt}', 'b-2')"
    change(store, f"INSERT INTO attributes VALUES {values}")


def again(store, deciders):
    return decide(store, population(store).spine, **deciders)


def test_the_same_knowledge_again_adds_no_decision(undated, deciders):
    first = again(undated, deciders)
    assert (first.added, first.duplicate) == (180, 0)
    assert DecisionStore(undated).of(lead_id(1)).known_at is None
    assert (again(undated, deciders).added, again(undated, deciders).duplicate) == (0, 180)


def test_a_lead_whose_attribute_changed_is_decided_anew_and_only_that_lead(undated, deciders):
    again(undated, deciders)
    learn(undated)
    second = again(undated, deciders)
    assert (second.added, second.duplicate) == (1, 179)
    record = DecisionStore(undated).of(lead_id(1))
    assert (record.as_of, record.known_at) == (None, "2026-11-10T00:00:00Z")
    assert dict(record.features)["employees"] == 9_000.0
    assert again(undated, deciders).added == 0


def test_a_lead_decided_anew_goes_on_from_its_band_and_state(undated, deciders):
    again(undated, deciders)
    before = DecisionStore(undated).of(lead_id(1))
    learn(undated)
    again(undated, deciders)
    record = DecisionStore(undated).of(lead_id(1))
    assert (record.inputs["prev_band"], record.prev_state) == (before.band, before.next_state)
    assert record.inputs["dwell_min"] == 0


def test_an_attribute_from_a_later_file_is_new_knowledge(undated, deciders):
    again(undated, deciders)
    batch = "('b-9', 'leads', 'f', 'csv', 'h', '{}', 1, 1, 0, 0, '2026-11-12', 'ana')"
    row = "(2, 'suppressed', NULL, NULL, TRUE, NULL, NULL, NULL, NULL, 'b-9')"
    types = "('suppressed', 'boolean', FALSE, 'suppressed')"
    change(
        undated,
        f"INSERT INTO batches VALUES {batch}",
        f"INSERT INTO attributes VALUES {row}",
        f"INSERT INTO attribute_types VALUES {types}",
    )
    assert again(undated, deciders).added == 1
    assert DecisionStore(undated).of(lead_id(2)).disposition == "DENY"


def test_a_personal_value_that_changed_is_no_new_decision(undated, deciders):
    again(undated, deciders)
    value = f"(1, 'mail', NULL, NULL, NULL, NULL, 'x'::BLOB, '{LEARNT}', '{LEARNT}', 'b-2')"
    change(undated, f"INSERT INTO attributes VALUES {value}")
    assert again(undated, deciders).added == 0


def test_decisions_before_and_after_a_change_replay_the_same(undated, deciders, feature_set, model, policy):
    again(undated, deciders)
    learn(undated)
    learn(undated, employees=3.0, learnt=datetime(2026, 11, 11))
    again(undated, deciders)
    loaders = Loaders(lambda _: model, lambda _: policy, lambda _: feature_set)
    report = replay(undated, loaders)
    assert report.differences == ()
    assert (report.replayed, report.equal, report.levels["full"]) == (181, 181, 181)
