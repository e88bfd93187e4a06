from datetime import UTC, datetime

import pytest

from core.governance.store import ModelApprovalStore
from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.models.errors import ModelDamaged, ModelUnknown
from core.models.scoring import score
from core.models.store import ModelStore
from core.models.store_releases import ReleaseStore
from core.models.training import TrainConfig, train
from core.recipes.decider import decider_of
from tests.models.samples import FEATURES

METRICS = {"auc": 0.81, "by_landmark": [{"after": "1h", "auc": None}]}
LINEAGE = {"recipe": "demo"}


@pytest.fixture
def db(tmp_path):
    with Database.open(tmp_path / "store", FixedClock(datetime(2026, 1, 1, tzinfo=UTC))) as database:
        yield database


@pytest.fixture
def store(db):
    return ModelStore(db)


@pytest.fixture(scope="module")
def other(frame):
    return train(frame, FEATURES, TrainConfig(trees=5)).model


def models_entries(db) -> list[str]:
    return db.entries("models")["kind"].to_list()


def test_models_are_numbered_in_order_and_found_by_version_and_hash(store, model, other):
    assert (store.register(model, METRICS, LINEAGE, "ana"), store.register(other, METRICS, LINEAGE, "ana")) == (
        "1",
        "2",
    )
    for name in ("1", model.model_hash, model.model_hash[7:17]):
        assert store.get(name).model_hash == model.model_hash
    assert store.champion().version == "2"
    assert store.list()["auc"].to_list() == [0.81, 0.81]


def test_an_approved_model_goes_on_scoring_when_a_newer_one_is_trained_and_a_rolled_back_one_is_no_challenger(
    db, store, model, other
):
    for one in (model, other):
        store.register(one, METRICS, LINEAGE, "ana")
    assert (store.trusted(), store.challenger()) == (None, None)
    assert not decider_of(store, "2").is_released and decider_of(store, "2").version == "2"
    with db.change("models", "model.approved", "rita") as change:
        ModelApprovalStore(db).add(change, model.model_hash, "1", "rita", None)
    assert (store.champion().version, store.challenger().version) == ("1", "2")
    found = decider_of(store, "2")
    assert (found.version, found.is_released) == ("1", False)
    assert found.because.startswith("no model was released yet, and a second person approved it; model 2")
    releases = ReleaseStore(db)
    with db.change("models", "model.released", "rita") as change:
        for version, one in (("1", model), ("2", other), ("1", model)):
            releases.add(change, one.model_hash, version, "release", "rita", "looked at")
    assert (store.champion().version, store.challenger()) == ("1", None)
    assert decider_of(store).is_released


def test_the_same_model_again_adds_nothing(db, store, model):
    store.register(model, METRICS, LINEAGE, "ana")
    head = db.revision()
    assert store.register(model, {"auc": 0.5}, {}, "rita") == "1"
    assert db.revision() == head
    assert models_entries(db) == ["model.registered"]


def test_a_registered_model_scores_the_same_from_its_folder(db, model, frame):
    ModelStore(db).register(model, METRICS, LINEAGE, "ana")
    again = ModelStore(db).get("1")
    assert score(again, frame.head(20)).equals(score(model, frame.head(20)))
    found = ModelStore(db).version("1")
    assert (found.metrics, found.lineage, found.feature_set_hash, found.actor) == (METRICS, LINEAGE, "sha256:f", "ana")


def test_a_folder_that_was_changed_is_refused(db, store, model):
    store.register(model, METRICS, LINEAGE, "ana")
    (store.folder(model.model_hash) / "model.json").write_bytes(b"{}")
    with pytest.raises(ModelDamaged, match="backup"):
        ModelStore(db).get("1")
    (store.folder(model.model_hash) / "model.json").unlink()
    with pytest.raises(ModelDamaged):
        ModelStore(db).get("1")


def test_an_unknown_version_is_refused(store):
    with pytest.raises(ModelUnknown, match="`7`"):
        store.get("7")
    assert store.champion() is None


def test_a_registration_that_fails_leaves_no_folder(db, store, model):
    with pytest.raises(ValueError):
        store.register(model, {"auc": float("nan")}, LINEAGE, "ana")
    assert not store.folder(model.model_hash).exists()
    assert models_entries(db) == []
