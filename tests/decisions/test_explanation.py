"""Why a lead has its score, and what would lift it."""

import json
from dataclasses import replace

import pytest

from core.decisions import explanation
from core.decisions.engine import decide
from core.decisions.lift import lift
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.policy import evaluator
from tests.decisions.conftest import AS_OF, lead_id


@pytest.fixture(scope="module")
def records(tmp_path_factory, feature_set, model, policy):
    from tests.decisions.conftest import fill, open_store

    with open_store(tmp_path_factory.mktemp("explained")) as database:
        fill(database)
        deciders = {"feature_set": feature_set, "model": model, "policy": policy, "arm": "trial", "actor": "ana"}
        decide(database, population(database, as_of=AS_OF).spine, **deciders)
        store = DecisionStore(database)
        yield [store.get(one) for one in store.all_ids()]


def test_an_explanation_has_the_contracts_shape(records, model):
    told = explanation.explain(records[0], model)
    assert list(told) == [
        "lead_id", "decision_id", "as_of", "score", "probability", "percentile", "base", "points", "fit",
        "engagement", "decision", "model_hash", "policy_hash",
    ]  # fmt: skip
    assert list(told["points"][0]) == ["feature", "label", "value", "points", "sentence"]
    json.dumps(told)


def test_base_and_points_sum_to_the_unrounded_probability(records, model):
    for record in records:
        told = explanation.explain(record, model)
        assert told["base"] + sum(one["points"] for one in told["points"]) == pytest.approx(
            told["probability"], abs=1e-9
        )
        assert round(told["probability"], 4) == told["score"]


def test_the_largest_part_comes_first_and_every_feature_is_told_once(records, model):
    told = explanation.explain(records[0], model)["points"]
    sizes = [abs(one["points"]) for one in told]
    assert sizes == sorted(sizes, reverse=True)
    assert sorted(one["feature"] for one in told) == sorted(model.names)


def test_every_move_that_is_named_reaches_a_higher_band(records, model, policy, feature_set):
    order = policy.document.bands.order
    found = [(record, lift(record, model, policy, feature_set)) for record in records[:60]]
    lifted = [(record, one) for record, told in found for one in told.options]
    assert lifted
    for record, option in lifted:
        assert order.index(option.band) < order.index(record.band)
        after = {**record.inputs, "score": option.score}
        assert evaluator.compile(policy).decide(after).band == option.band


def test_a_move_raises_every_feature_that_counts_the_same_kind(records, model, policy, feature_set):
    told = lift(next(one for one in records if one.band != "hot"), model, policy, feature_set)
    changed = {one.feature: one for one in told.closest.changes}
    if told.closest.subject.startswith("Page views"):
        assert {"views_7d", "views_30d", "silent_days"} <= set(changed)
        assert changed["views_7d"].after - changed["views_7d"].before == told.closest.times
    assert not {"employees", "region"} & set(changed)


def test_a_lead_in_the_best_band_has_nowhere_to_go(records, model, policy, feature_set):
    told = lift(next(one for one in records if one.band == "hot"), model, policy, feature_set)
    assert told.target is None and told.options == ()
    assert "no higher band" in told.words


def test_a_lift_that_is_not_found_says_so(records, model, policy, feature_set):
    for record in records:
        told = lift(record, model, policy, feature_set)
        if told.target and not told.options:
            assert told.words.startswith("None found") and told.target in told.words
            return
    pytest.fail("every lead could be lifted")


def test_a_lead_without_a_band_is_not_lifted(records, model, policy, feature_set):
    told = lift(replace(records[0], band=None), model, policy, feature_set)
    assert told.options == () and "no band" in told.words


def test_the_record_of_the_lead_asked_for_is_explained(records, model):
    record = next(one for one in records if one.lead_id == lead_id(1))
    assert explanation.explain(record, model)["lead_id"] == lead_id(1)
