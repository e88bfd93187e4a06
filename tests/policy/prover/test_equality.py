"""What two policies are proved to share, and the plainest lead that tells them apart."""

# pyright: reportOptionalSubscript=false, reportOptionalMemberAccess=false, reportOperatorIssue=false, reportArgumentType=false

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.kernel.expressions import parse
from core.policy import parser
from core.policy.evaluator import compile
from core.policy.inputs import differing, typical
from core.policy.prover import Budget, compare
from core.policy.stages import claim_schema
from tests.policy import generated
from tests.policy.conftest import example_text

OUTPUTS = ("disposition", "band", "priority", "next_state", "pool", "sla_min", "method", "action")


def changed(*pairs):
    text = example_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return parser.load(text, "changed.yaml")


def unlike(policy, lead):
    return {name: value for name, value in lead.items() if value != typical(policy.input_fields[name])}


def test_a_policy_equals_itself_in_every_output(example):
    found = compare(example, example)
    assert found.equivalent is True
    assert not any(answer.exists for answer in found.outputs.values())


def test_a_moved_threshold_changes_the_band_of_the_leads_between(example):
    found = compare(example, changed(("hot:     {enter: 0.8000", "hot:     {enter: 0.7800")))
    assert found.equivalent is False
    assert found.outputs["disposition"].exists is False
    lead = unlike(example, found.outputs["band"].lead)
    assert list(lead) == ["score"] and 0.78 <= lead["score"] < 0.8
    assert (found.outputs["band"].before["band"], found.outputs["band"].after["band"]) == ("warm", "hot")
    assert found.newly_eligible.exists is False


def test_a_gap_between_two_guards_makes_a_lead_newly_eligible(example):
    found = compare(example, changed(("bot_prob >= 0.95", "bot_prob >= 0.97")))
    assert found.newly_eligible.exists is True
    assert unlike(example, found.newly_eligible.lead) == {"bot_prob": 0.95}
    assert compare(changed(("bot_prob >= 0.95", "bot_prob >= 0.97")), example).newly_eligible.exists is False


def test_a_change_is_confined_to_a_condition_or_a_lead_outside_it_is_shown(example):
    after = changed(("touches_7d < 5", "touches_7d < 6"))
    schema = claim_schema(example.document)
    assert compare(example, after, parse("touches_7d = 5", schema)).outside.exists is False
    outside = compare(example, after, parse("touches_7d = 5 AND region = 'NA'", schema)).outside
    assert outside.exists is True and outside.lead["region"] != "NA"


def test_rows_that_exclude_one_another_may_change_places(example):
    first = "    - {id: r.hot_emea, when: {band: hot, region: [UKI, DACH, ROEU]},"
    second = "    - {id: r.hot_na,   when: {band: hot, region: [NA, LATAM]},"
    lines = example_text().splitlines()
    one, other = (next(i for i, line in enumerate(lines) if line.startswith(start)) for start in (first, second))
    lines[one], lines[other] = lines[other], lines[one]
    assert compare(example, parser.load("\n".join(lines), "swapped.yaml")).equivalent is True


def test_a_lead_that_only_one_contract_accepts_tells_them_apart(example):
    found = compare(
        example,
        changed(("touches_7d:       {type: int, min: 0, max: 1000", "touches_7d:       {type: int, min: 0, max: 50")),
    )
    assert found.outputs["disposition"].exists is True
    assert found.outputs["disposition"].lead["touches_7d"] > 50
    assert found.outputs["disposition"].after["disposition"] == "HOLD"


def test_fields_of_another_type_cannot_be_compared_and_that_is_said(example):
    found = compare(
        example,
        changed(
            (
                "pql:              {type: bool, required: true, typical: false",
                "pql:              {type: enum, values: ['a'], required: true, typical: a",
            ),
            ('if: "pql",', "if: \"pql = 'a'\","),
            ("pql: true, segment", "pql: a, segment"),
            ('if: "pql AND band', "if: \"pql = 'a' AND band"),
        ),
    )
    assert found.equivalent is None
    assert "pql" in found.outputs["pool"].trouble


def test_a_budget_that_is_too_small_cannot_say(example):
    found = compare(example, changed(("touches_7d < 5", "touches_7d < 6")), budget=Budget(steps=500))
    assert found.equivalent is not True


def check(seed, leads):
    rng = Random(seed)
    one = generated.policy(rng)
    tree = {**one.tree, "bands": {**one.tree["bands"], "min_dwell_min": rng.choice([0, 30])}}
    other = parser.load(json.dumps(tree), "other.json")
    found = compare(one, other)
    evaluators = compile(one), compile(other)
    for lead in generated.leads(rng, one, leads):
        before, after = (evaluator.decide(lead).to_json() for evaluator in evaluators)
        for name in OUTPUTS:
            assert found.outputs[name].exists or before[name] == after[name], (seed, name, lead)
    for answer in found.outputs.values():
        assert answer.trouble == ""


@given(seed=st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_no_random_lead_tells_apart_what_was_proved_equal(seed):
    check(seed, 60)


@pytest.mark.campaign
def test_no_random_lead_tells_apart_what_was_proved_equal_at_full_size():
    for seed in range(500):
        check(seed, 400)


@pytest.mark.parametrize(
    ("pair", "output", "fields"),
    [
        (
            ("treat_as: {pool: sdr.general, sla_min: 240", "treat_as: {pool: sdr.general, sla_min: 480"),
            "sla_min",
            {"arm"},
        ),
        ((" OR band = 'hot'\"}", '"}'), "action", {"arm", "score"}),
        (("invite_webinar, wait]}", "invite_webinar]}"), "action", {"arm"}),
    ],
)
def test_a_change_around_the_core_is_told_with_the_arm_that_meets_it(example, pair, output, fields):
    after = changed(pair)
    found = compare(example, after)
    assert found.equivalent is False and found.outputs["disposition"].exists is False
    answer = found.outputs[output]
    assert answer.exists and "arm" in answer.lead
    assert set(differing(example, answer.lead)) == fields
    assert answer.before[output] != answer.after[output]


def test_a_change_of_a_cap_is_told_with_a_lead_that_has_an_action_and_touches(example):
    answer = compare(example, changed(("caps: {per_lead_7d: 5,", "caps: {per_lead_7d: 6,"))).outputs["action"]
    assert answer.lead["touches_7d"] == 5
    assert len(differing(example, answer.lead)) == 2
    assert answer.before["action"] != answer.after["action"]


def test_a_broken_fallback_chain_is_told_with_a_lead_that_it_takes_over(example):
    chain = "members: grp-sdr-na,   calendar: na,   fallback: "
    after = changed((f"{chain}sdr.fast", f"{chain}q.unassigned"))
    answer = compare(example, after).outputs["pool"]
    assert answer.exists and "`sdr.na` is full: sdr.na > q.unassigned instead of sdr.na > sdr.fast" in answer.trouble
    assert answer.before["pool"] == "sdr.na"
