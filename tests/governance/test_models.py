"""When a decision is live and when it is a trial."""

import pytest

from core.governance.errors import AlreadyApproved, AuthorCannotApprove, Forbidden
from core.governance.models import ModelReleases
from tests.governance.conftest import document

MODEL = "sha256:" + "a" * 64


@pytest.fixture
def models(store):
    with store.change("models", "model.registered", "rita") as change:
        change.body.update(model_hash=MODEL, version="1")
    return ModelReleases(store)


@pytest.fixture
def policy_hash(releases):
    return releases.bootstrap(document("default", risk="low"), "default.yaml").version.content_hash


def test_a_model_is_approved_by_somebody_who_did_not_train_it(models):
    with pytest.raises(AuthorCannotApprove):
        models.approve_model(MODEL, "1", "rita")
    with pytest.raises(Forbidden):
        models.approve_model(MODEL, "1", "ana")
    models.approve_model(MODEL, "1", "rob", "metrics hold")
    assert models.is_approved(MODEL)
    assert models._database.entries("models")["kind"].to_list()[-1] == "model.approved"


def test_the_same_person_approves_a_model_once(models):
    models.approve_model(MODEL, "1", "rob")
    with pytest.raises(AlreadyApproved):
        models.approve_model(MODEL, "1", "rob")


def test_only_an_approved_model_under_an_active_policy_decides_live(models, releases, policy_hash):
    assert models.arm_for(MODEL, policy_hash) == "trial"
    models.approve_model(MODEL, "1", "rob")
    assert models.arm_for(MODEL, policy_hash) == "live"
    other = releases.submit(document(), "inbound.yaml", "ana").version.content_hash
    assert models.arm_for(MODEL, other) == "trial"
    assert models.arm_for(MODEL, "sha256:" + "0" * 64) == "trial"
