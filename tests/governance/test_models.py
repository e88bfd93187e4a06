"""When a decision is live and when it is a trial."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.governance.duties import of_entries
from core.governance.errors import (
    AlreadyActive,
    AlreadyApproved,
    AuthorCannotApprove,
    Forbidden,
    NoEarlierModel,
)
from core.governance.history import history
from core.governance.models import ModelReleases
from core.kernel.errors import LeadbenchError
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


def test_a_release_needs_a_second_person_and_makes_the_champion(models):
    with pytest.raises(AuthorCannotApprove):
        models.release(MODEL, "1", "rita", "mine")
    with pytest.raises(Forbidden):
        models.release(MODEL, "1", "ana", "now")
    assert models.releases().is_empty()
    models.release(MODEL, "1", "rob", "ahead")
    assert models.is_approved(MODEL)
    with pytest.raises(AlreadyActive):
        models.release(MODEL, "1", "rob", "again")
    assert models.releases()["kind"].to_list() == ["release"]


def test_the_duties_report_looks_at_releases_and_takes_no_releaser_for_a_trainer():
    steps = [
        ("registered", "ana"),
        ("released", "rita"),
        ("rolled_back", "rob"),
        ("released", "rita"),
        ("released", "ana"),
    ]
    body = json.dumps({"model_hash": MODEL, "version": "1"})
    entries = [
        {
            "seq": seq,
            "stream": "models",
            "kind": f"model.{step}",
            "actor": actor,
            "at": "2026-01-01T00:00:00Z",
            "body": body,
        }
        for seq, (step, actor) in enumerate(steps)
    ]
    found = of_entries(entries)
    assert [(one["seq"], one["rule"]) for one in found.violations] == [(4, "who trained the model released it")]
    assert found.checked["approvals"] == 3


def test_a_rollback_goes_to_the_model_before_and_no_further(models):
    with pytest.raises(NoEarlierModel):
        models.roll_back("rob", "nothing there")
    other = "sha256:" + "b" * 64
    models.release(MODEL, "1", "rob", "first")
    with pytest.raises(NoEarlierModel):
        models.roll_back("rob", "nothing before")
    models.release(other, "2", "rob", "second")
    assert models.roll_back("ana", "calibration is off") == "1"
    assert models.releases()["version"].to_list() == ["1", "2", "1"]
    assert models._database.entries("models")["kind"].to_list()[-1] == "model.rolled_back"
    with pytest.raises(NoEarlierModel):
        models.roll_back("rob", "further")
    models.release(other, "2", "rob", "mended")
    assert models.roll_back("rob", "not mended") == "1"


def test_only_one_of_two_concurrent_releases_over_a_champion_wins(models):
    models.release(MODEL, "1", "rob", "first")
    others = ["sha256:" + letter * 64 for letter in "bcd"]

    def attempt(other):
        try:
            models.release(other, other[7], "rob", "ahead", MODEL)
        except LeadbenchError as error:
            return error.code
        return other

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(attempt, others))
    assert outcomes.count("stale_champion") == 2
    winner = next(one for one in outcomes if one != "stale_champion")
    assert models.releases()["model_hash"].to_list() == [MODEL, winner]
    assert models._database.verify().ok


def test_a_model_release_leaves_the_policy_alone(models, releases, policy_hash):
    before = history(releases, "default")
    models.release(MODEL, "1", "rob", "ahead")
    assert history(releases, "default") == before
