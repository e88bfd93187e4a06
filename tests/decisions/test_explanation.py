"""Why a lead has its score, and what would bring it a better decision."""

import json
from dataclasses import replace

import pytest

from core.decisions import explanation
from core.decisions.counterfactual import counterfactual
from core.decisions.engine import decide
from core.decisions.errors import FeatureFixed
from core.decisions.levers import Population, choices, movable
from core.decisions.reexecution import vectors
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.decisions.what_if import what_if
from core.features import parser
from core.features.errors import FeatureUnknown
from core.models.scoring import score
from core.policy import evaluator
from core.policy import parser as policy_parser
from core.policy.default import propose
from tests.decisions import conftest
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


def smallest(record, model, policy, feature_set, records, only=()):
    return counterfactual(record, model, policy, feature_set, [dict(one.features) for one in records], only)


def test_every_counterfactual_is_a_better_decision_when_decided_again(records, model, policy, feature_set):
    order, decide_again = policy.document.bands.order, evaluator.compile(policy).decide
    found = [(record, smallest(record, model, policy, feature_set, records)) for record in records[:40]]
    reached = [(record, told, option) for record, told in found for option in told.options]
    assert len({record.decision_id for record, _, _ in reached}) >= 10
    for record, told, option in reached:
        outcome = decide_again(option.inputs)
        assert outcome.disposition == "PERMIT" and order.index(outcome.band) < order.index(record.band)
        after = dict(record.features) | {one.feature: one.after for one in option.changes}
        frame = vectors(feature_set, [{"features": list(after.items())}])
        assert score(model, frame)["score"].item() == option.score == option.inputs["score"]
        assert {one.feature for one in option.changes}.isdisjoint({"employees", "region", "pace", "last_type"})
        assert told.to_json()["after"]["band"] == told.options[0].outcome.band
        assert json.dumps(told.to_json()) == json.dumps(smallest(record, model, policy, feature_set, records).to_json())
    for _, told in found:
        if not told.options:
            assert told.to_json()["impossible"] and told.reason


def test_a_single_lever_is_pulled_no_further_than_needed(records, model, policy, feature_set):
    told = next(
        one
        for record in records
        if len((one := smallest(record, model, policy, feature_set, records)).options[:1]) == 1
    )
    ways = movable(feature_set, ())
    population = Population.of([dict(one.features) for one in records])
    ranked = sorted(
        choices(feature_set, model, dict(told.record.features), ways, population), key=lambda one: one.effort
    )
    changes = {one.feature: one.after for one in told.options[0].changes}
    effort = next(one.effort for one in ranked if one.values == changes)
    order = policy.document.bands.order
    for one in (one for one in ranked if one.effort < effort):
        frame = vectors(feature_set, [{"features": list({**dict(told.record.features), **one.values}.items())}])
        given = {**told.record.inputs, "score": score(model, frame)["score"].item()}
        assert order.index(evaluator.compile(policy).decide(given).band) >= order.index(told.record.band)


def test_a_deed_moves_every_feature_that_counts_the_same_kind(records, model, policy, feature_set):
    found = [
        smallest(record, model, policy, feature_set, records, ["views_7d", "views_30d", "silent_days"])
        for record in records[:30]
    ]
    changes = [{one.feature: one for one in told.options[0].changes} for told in found if told.options]
    deeds = [one for one in changes if "views_7d" in one]
    assert deeds
    for one in deeds:
        assert one["views_30d"].after - one["views_30d"].before == one["views_7d"].after - one["views_7d"].before > 0


def test_what_is_immutable_or_forbidden_is_refused_and_never_changed(records, model, policy, feature_set):
    record = next(one for one in records if one.band == "cold")
    for name, why in (("region", "immutable"), ("nonsense", "unknown")):
        with pytest.raises(FeatureFixed, match=why):
            smallest(record, model, policy, feature_set, records, [name])
    text = conftest.FEATURES.replace("attribute: employees,", "attribute: employees, actionable: more,")
    opened = parser.read(text, "opened.yaml")
    assert opened.behaviour_hash == feature_set.behaviour_hash and opened.content_hash != feature_set.content_hash
    told = smallest(record, model, policy, opened, records, ["employees"])
    assert {one.feature for option in told.options for one in option.changes} <= {"employees"}
    forbidding = policy_parser.load(policy.text.replace("forbidden: [", "forbidden: [employees, "), "forbidding.yaml")
    with pytest.raises(FeatureFixed, match="forbidden"):
        smallest(record, model, forbidding, opened, records, ["employees"])


def test_what_no_score_can_change_is_proved_impossible(records, model, policy, feature_set):
    record = next(one for one in records if one.band == "cold")
    denied = replace(
        record, inputs={**record.inputs, "suppressed": True}, disposition="DENY", reasons=({"rule": "g.suppressed"},)
    )
    told = smallest(denied, model, policy, feature_set, records)
    assert told.proved and told.to_json()["impossible"] and "g.suppressed" in told.reason and "Proved" in told.reason


def test_the_best_decision_has_none_better(records, model, policy, feature_set):
    told = smallest(next(one for one in records if one.band == "hot"), model, policy, feature_set, records)
    assert told.options == () and "best band" in told.to_json()["reason"]


def test_a_search_without_success_says_how_far_it_came(records, model, policy, feature_set):
    record = next(one for one in records if one.band == "warm")
    cuts = {"hot": 0.9998, "warm": record.score, "nurture": 0.001}
    out_of_reach = policy_parser.load(propose("far", cuts, {"region": ["NA", "DACH", "APAC"]}), "far.yaml")
    told = smallest(record, model, out_of_reach, feature_set, records)
    assert told.options == () and not told.proved
    assert told.reason.startswith(f"None of {told.tried} actionable changes") and "hot from 0.9998" in told.reason


def test_the_record_of_the_lead_asked_for_is_explained(records, model):
    record = next(one for one in records if one.lead_id == lead_id(1))
    assert explanation.explain(record, model)["lead_id"] == lead_id(1)


def test_groups_of_features_sum_to_the_points(records, model):
    told = explanation.groups(records[0], model, [dict(one.features) for one in records])
    assert sum(one["points"] for one in told) == pytest.approx(
        sum(points for _, points in records[0].points), abs=1e-12
    )
    together = next(one["features"] for one in told if "views_7d" in one["features"])
    assert sorted(name for one in told for name in one["features"]) == sorted(model.names) and len(together) >= 1


def test_a_what_if_is_scored_and_decided_as_a_record_is(records, model, policy, feature_set):
    record = next(one for one in records if one.band == "cold")
    same = what_if(record, model, policy, feature_set, {})
    assert (same.score, same.percentile, same.outcome.band) == (record.score, record.percentile, record.band)
    assert dict(same.inputs) == dict(record.inputs)
    more = what_if(record, model, policy, feature_set, {"demos": 5, "views_7d": 9, "views_30d": 20})
    assert more.score > record.score and more.inputs["score"] == more.score
    assert more.base + sum(one.points for one in more.reasons) == pytest.approx(more.probability, abs=1e-9)
    assert what_if(record, model, policy, feature_set, {"region": "APAC"}).inputs["region"] == "APAC"
    with pytest.raises(FeatureUnknown):
        what_if(record, model, policy, feature_set, {"nonsense": 1})
