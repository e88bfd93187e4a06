"""A stored decision, executed again, comes out the same - or says where it does not."""

import json

import pytest

from core.decisions.encoding import encode
from core.decisions.engine import decide
from core.decisions.errors import DecisionUnknown, RecordMissing
from core.decisions.record import record_hash
from core.decisions.replay import Loaders, replay
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.models.errors import ModelDamaged
from core.policy.errors import PolicyUnknown
from tests.decisions.conftest import AS_OF, lead_id

DAY = 86_400_000_000


@pytest.fixture
def loaders(feature_set, model, policy) -> Loaders:
    return Loaders(lambda _: model, lambda _: policy, lambda _: feature_set)


@pytest.fixture
def decided(store, feature_set, model, policy):
    spine = population(store, as_of=AS_OF, every_us=7 * DAY, last_us=14 * DAY).spine
    deciders = {"feature_set": feature_set, "model": model, "policy": policy, "arm": "trial", "actor": "ana"}
    decide(store, spine, **deciders, batch_rows=130)
    return store


def tamper(store, sql, params=None):
    with store.change("decisions", "decisions.tampered", "mallory") as change:
        change.execute(sql, params)


def fields(report):
    return {difference.field for difference in report.differences}


def test_replay_is_bit_equal(decided, loaders):
    report = replay(decided, loaders)
    count = DecisionStore(decided).count()
    assert report.differences == ()
    assert (report.replayed, report.equal) == (count, count)
    assert report.levels == {"full": count, "from_vector": 0, "record_only": 0}


def test_the_report_has_the_contracts_shape(decided, loaders):
    told = replay(decided, loaders, sample=5).to_json()
    assert list(told) == ["replayed", "equal", "differences", "levels", "unchecked", "seconds"]
    assert list(told["levels"]) == ["full", "from_vector", "record_only"]
    assert told["replayed"] == 5
    json.dumps(told)


def test_a_sample_is_the_same_for_the_same_seed(decided, loaders):
    tamper(decided, "UPDATE decisions SET pool = 'elsewhere'")
    drawn = [{one.decision_id for one in replay(decided, loaders, sample=10, seed=s).differences} for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_tampered_record_is_named(decided, loaders):
    victim = DecisionStore(decided).of(lead_id(1)).decision_id
    text = decided.scalar("SELECT record FROM decisions WHERE decision_id = ?", [victim])
    forged = text.replace('"disposition":"PERMIT"', '"disposition":"DENY"')
    tamper(decided, "UPDATE decisions SET record = ? WHERE decision_id = ?", [forged, victim])
    report = replay(decided, loaders)
    assert {one.decision_id for one in report.differences} == {victim}
    assert {"hash", "disposition", "columns.disposition"} <= fields(report)


def test_a_record_forged_together_with_its_hash_breaks_its_batch(decided, loaders):
    record = DecisionStore(decided).of(lead_id(1))
    content = json.loads(decided.scalar("SELECT record FROM decisions WHERE decision_id = ?", [record.decision_id]))
    content["bucket"] = 7
    content["hash"] = record_hash(content)
    tamper(
        decided,
        "UPDATE decisions SET record = ?, hash = ? WHERE decision_id = ?",
        [encode(content), content["hash"], record.decision_id],
    )
    report = replay(decided, loaders, decision_id=record.decision_id)
    assert fields(report) == {"merkle_root"}


@pytest.mark.parametrize(
    ("column", "value"), [("band", "cold"), ("score", 0.9999), ("as_of", "2020-01-01"), ("pool", "x")]
)
def test_a_tampered_column_is_named(decided, loaders, column, value):
    victim = decided.scalar("SELECT decision_id FROM decisions WHERE band = 'hot' LIMIT 1")
    tamper(decided, f"UPDATE decisions SET {column} = ? WHERE decision_id = ?", [value, victim])
    report = replay(decided, loaders, decision_id=victim)
    assert fields(report) == {f"columns.{column}"}
    assert json.loads(json.dumps(report.to_json()))["equal"] == 0


def test_a_deleted_record_breaks_its_batch(decided, loaders):
    kept = DecisionStore(decided).all_ids()
    tamper(decided, "DELETE FROM decisions WHERE decision_id = ?", [kept[0]])
    assert fields(replay(decided, loaders, decision_id=kept[1])) == {"merkle_root"}


def test_events_that_changed_since_show_in_the_second_check(decided, loaders):
    tamper(decided, "DELETE FROM events WHERE lead_no = 1")
    report = replay(decided, loaders)
    assert {name.split(".")[0] for name in fields(report)} == {"recomputed"}
    assert {DecisionStore(decided).get(one.decision_id).lead_id for one in report.differences} == {lead_id(1)}


def test_a_lead_that_is_gone_is_replayed_from_its_vector(decided, loaders):
    tamper(decided, "DELETE FROM leads WHERE lead_no = 1")
    report = replay(decided, loaders)
    assert report.differences == ()
    assert report.levels["from_vector"] == 2


def test_without_its_policy_only_the_record_is_checked(decided, loaders, feature_set, model):
    def gone(policy_hash):
        raise PolicyUnknown(policy_hash)

    report = replay(decided, Loaders(lambda _: model, gone, lambda _: feature_set), sample=3)
    assert report.levels == {"full": 0, "from_vector": 0, "record_only": 3}
    assert report.equal == 3


def test_an_altered_model_is_a_difference_and_not_an_excuse(decided, loaders, feature_set, policy):
    def altered(model_hash):
        raise ModelDamaged("models/x", model_hash, "sha256:other")

    report = replay(decided, Loaders(altered, lambda _: policy, lambda _: feature_set), sample=3)
    assert fields(report) == {"model_hash"} and report.equal == 0
    assert report.levels["record_only"] == 3


def test_another_model_than_the_recorded_one_does_not_reproduce_it(decided, loaders, model):
    from dataclasses import replace

    other = replace(model, calibration=replace(model.calibration, offset=model.calibration.offset + 1e-12))
    again = Loaders(lambda _: other, loaders.policy, loaders.feature_set)
    assert replay(decided, again, sample=20).equal < 20


def test_an_unknown_decision_is_refused(decided, loaders):
    with pytest.raises(DecisionUnknown):
        replay(decided, loaders, decision_id="d_nothing")


def test_a_store_without_decisions_has_nothing_to_replay(store, loaders):
    with pytest.raises(RecordMissing):
        replay(store, loaders)
