"""Decisions by a model with trees of a segment's own: made again bit for bit, explained, questioned and compared."""

from dataclasses import replace

import pytest

from core.decisions import explanation
from core.decisions.attribution import attribute
from core.decisions.counterfactual import counterfactual
from core.decisions.engine import decide
from core.decisions.replay import Loaders, replay
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.decisions.what_if import what_if
from core.models.calibration import Calibration
from core.models.model import Fitted, Model, Segments
from tests.decisions.conftest import AS_OF, fill, open_store

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def regional(model) -> Model:
    """The small model with another calibration for the leads of DACH."""
    own = Fitted(model.booster, model.base_margin, Calibration("sigmoid", 0.6, 0.9))
    return replace(model, segments=Segments("region", {"DACH": own}))


@pytest.fixture(scope="module")
def made(tmp_path_factory, feature_set, model, regional, policy):
    """The store with three weeks decided by it, and the loaders of what decided."""
    models = {one.model_hash: one for one in (model, regional)}
    with open_store(tmp_path_factory.mktemp("segments")) as database:
        fill(database)
        spine = population(database, as_of=AS_OF, every_us=7 * DAY, last_us=14 * DAY).spine
        decide(database, spine, feature_set=feature_set, model=regional, policy=policy, arm="trial", actor="ana")
        yield database, Loaders(models.__getitem__, lambda _: policy, lambda _: feature_set)


@pytest.fixture(scope="module")
def records(made):
    store = DecisionStore(made[0])
    return [store.get(one) for one in store.all_ids()]


def regions(records):
    return {dict(record.features)["region"] for record in records}


def test_every_record_is_made_again_to_the_bit(made):
    report = replay(*made)
    assert report.differences == () and report.replayed == DecisionStore(made[0]).count() > 300


def test_every_record_is_explained_from_one_base_whichever_trees_scored_it(records, regional):
    assert regions(records) == {"NA", "DACH", "APAC"} and len({record.base for record in records}) == 1
    for record in records:
        told = explanation.explain(record, regional)
        assert record.base + sum(points for _, points in record.points) == pytest.approx(told["probability"], abs=1e-9)
        assert round(told["probability"], 4) == float(record.score)


def test_a_lead_of_another_region_would_be_scored_by_that_regions_trees(records, regional, policy, feature_set):
    record = next(one for one in records if dict(one.features)["region"] == "DACH")
    moved = what_if(record, regional, policy, feature_set, {"region": "NA"})
    plain = what_if(record, replace(regional, segments=None), policy, feature_set, {"region": "NA"})
    assert moved.probability == plain.probability != what_if(record, regional, policy, feature_set, {}).probability
    assert moved.base + sum(one.points for one in moved.reasons) == pytest.approx(moved.probability, abs=1e-9)


def test_a_counterfactual_of_such_a_lead_comes_true_under_its_own_trees(records, regional, policy, feature_set):
    others = [dict(record.features) for record in records]
    found = []
    for record in records:
        if dict(record.features)["region"] == "DACH":
            answer = counterfactual(record, regional, policy, feature_set, others)
            found += [(record, answer.options[0])] if answer.options else []
        if len(found) == 3:
            break
    assert len(found) == 3
    for record, option in found:
        again = what_if(record, regional, policy, feature_set, {one.feature: one.after for one in option.changes})
        assert (again.score, again.outcome) == (option.score, option.outcome)


def test_what_changed_a_score_sums_to_the_change_also_where_the_segments_are_new(made, records, feature_set, model):
    database, loaders = made
    by_lead = {}
    for record in records:
        by_lead.setdefault(record.lead_id, []).append(record)
    for pair in list(by_lead.values())[:8]:
        found = attribute(database, loaders, pair[0], pair[-1])
        assert sum(found.parts.values()) == pytest.approx(found.change, abs=1e-9)
        assert found.parts["model"] == found.parts["calibration"] == 0
        earlier = replace(pair[0], model_hash=model.model_hash)
        moved = attribute(database, loaders, earlier, pair[-1])
        assert sum(moved.parts.values()) == pytest.approx(moved.change, abs=1e-9)
        assert (moved.parts["calibration"] != 0) == (dict(pair[-1].features)["region"] == "DACH")
