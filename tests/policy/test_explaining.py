"""The trace of a decision."""

import json
from random import Random

from core.policy.evaluator import compile, explain
from core.policy.inputs import fill
from tests.policy import generated


def test_the_trace_says_what_was_needed_and_what_was_passed_over(example):
    found = explain(example, fill(example, {"prev_band": "hot", "score": 0.76, "region": "DACH"}))
    band, routing = found["trace"]["band"], found["trace"]["routing"]
    assert band["threshold"] == {"band": "hot", "kind": "exit", "value": 0.74, "margin": 0.02}
    assert band["next_up"] is None
    assert routing["row"] == "r.hot_emea"
    assert routing["passed_over"][-1] == {"id": "r.pql_ent", "failed": ["pql"]}
    assert found["trace"]["lifecycle"]["transition"] == "t.hot"


def test_the_way_up_a_band_is_named(example):
    band = explain(example, fill(example, {"score": 0.52}))["trace"]["band"]
    assert (band["band"], band["label"]) == ("nurture", "C")
    assert band["next_up"] == {"band": "warm", "kind": "enter", "value": 0.55, "margin": -0.03}


def test_a_stay_that_holds_a_band_is_said(example):
    band = explain(example, fill(example, {"prev_band": "hot", "score": 0.1, "dwell_min": 3}))["trace"]["band"]
    assert (band["band"], band["held_by_dwell"]) == ("hot", True)


def test_a_broken_contract_has_no_trace_but_its_violations(example):
    found = explain(example, {**fill(example, {}), "region": "EMEA"})
    assert found["violations"] == [{"field": "region", "code": "unknown_value"}]
    assert set(found["trace"].values()) == {None}


def test_the_explanation_agrees_with_the_decision_on_any_lead():
    for seed in range(40):
        rng = Random(seed)
        policy = generated.policy(rng)
        evaluator = compile(policy)
        for lead in generated.leads(rng, policy, 10):
            found = explain(policy, lead)
            assert found["outcome"] == evaluator.decide(lead).to_json()
            assert json.loads(json.dumps(found)) == found
            if found["trace"]["priority"]:
                low, high = found["trace"]["priority"]["clamp"]
                total = found["trace"]["priority"]["total"]
                assert min(max(total, low), high) == found["outcome"]["priority"]
