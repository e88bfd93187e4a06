"""What a policy makes of a lead."""

from decimal import Decimal

import pytest

from core.policy.evaluator import compile
from core.policy.inputs import fill


def decided(policy, **given):
    return compile(policy).decide(fill(policy, given))


def codes(outcome):
    return [(item.rule, item.reason) for item in outcome.reasons]


def test_golden_tests_of_the_example_pass(example):
    for case in example.document.tests:
        outcome = compile(example).decide(fill(example, case.given))
        for name in case.expect.model_fields_set - {"reasons"}:
            assert getattr(outcome, name) == getattr(case.expect, name)


@pytest.mark.parametrize(
    ("previous", "score", "band"),
    [
        ("hot", 0.52, "warm"),
        ("hot", 0.74, "hot"),
        ("hot", 0.7399, "warm"),
        ("hot", 0.4999, "nurture"),
        ("warm", 0.52, "warm"),
        ("warm", 0.79, "warm"),
        ("warm", 0.80, "hot"),
        ("nurture", 0.52, "nurture"),
        ("cold", 0.2499, "cold"),
        ("none", 0.52, "nurture"),
        ("none", 0.24, "cold"),
    ],
)
def test_a_band_is_left_only_below_its_exit_threshold(example, previous, score, band):
    assert decided(example, prev_band=previous, score=score, dwell_min=30).band == band


def test_no_downgrade_before_the_shortest_stay(example):
    assert decided(example, prev_band="hot", score=0.1, dwell_min=29).band == "hot"
    assert decided(example, prev_band="hot", score=0.1, dwell_min=30).band == "cold"
    assert decided(example, prev_band="cold", score=0.9, dwell_min=0).band == "hot"


def test_priority_is_floored_then_added_then_clamped(example):
    assert decided(example, score=0.3333).priority == 233
    assert decided(example, score=0.3333, pql=True, free_mail=True).priority == 273
    assert decided(example, score=0.01, free_mail=True).priority == 0
    assert decided(example, score=1, demo_request=True, pql=True, named_account=True).priority == 1000


def test_deny_overrides_hold_and_all_hits_are_collected(example):
    outcome = decided(example, consent="withdrawn", bot_prob=0.85, score_age_min=61)
    assert outcome.disposition == "DENY"
    assert codes(outcome)[:3] == [
        ("g.consent", "no_lawful_basis"),
        ("g.bot_review", "bot_review"),
        ("g.stale", "stale_inputs"),
    ]
    assert (outcome.pool, outcome.sla_min, outcome.action) == (None, None, None)


def test_a_held_leads_pool_is_the_queue_of_its_first_hold_rule(example):
    outcome = decided(example, consent="unknown", region="DACH", score_age_min=61)
    assert (outcome.disposition, outcome.pool, outcome.sla_min, outcome.action) == (
        "HOLD",
        "q.privacy_review",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"score": float("nan")}, "not_a_number"),
        ({"score": float("inf")}, "not_a_number"),
        ({"score": None}, "missing"),
        ({"score": "0.9"}, "wrong_type"),
        ({"score": True}, "wrong_type"),
        ({"score": 1.00005}, "out_of_domain"),
        ({"region": "EMEA"}, "unknown_value"),
        ({"employees": -1}, "out_of_domain"),
        ({"employees": 1.5}, "wrong_type"),
        ({"pql": 1}, "wrong_type"),
    ],
)
def test_an_input_that_breaks_the_contract_holds_the_lead(example, given, code):
    outcome = decided(example, **given)
    assert (outcome.disposition, outcome.pool, outcome.band) == ("HOLD", "q.data_quality", None)
    assert codes(outcome) == [("inputs", "input_contract")]
    assert [(item.where, item.code) for item in outcome.errors] == [(f"inputs.{next(iter(given))}", code)]


def test_numbers_of_any_type_mean_the_same(example):
    outcomes = {decided(example, score=score) for score in (0.8, Decimal("0.8"), Decimal("0.79995"), 0.80004)}
    assert len(outcomes) == 1
    assert decided(example, employees=200.0, score=0.6).pool == "sdr.enterprise"


def test_a_missing_optional_value_fails_its_cell(example):
    assert decided(example, score=0.6, employees=None).pool == "sdr.general"


def test_the_first_transition_that_holds_is_taken(example):
    outcome = decided(example, score=0.9, state="qualifying", is_customer=True)
    assert outcome.next_state == "converted"
    assert decided(example, score=0.9, state="converted").next_state == "converted"


def test_the_reasons_name_row_action_and_transition_in_order(example):
    outcome = decided(example, prev_band="hot", score=0.76, region="DACH")
    assert [item.rule for item in outcome.reasons] == ["r.hot_emea", "a.call", "t.hot"]
    assert outcome.priority == 532
