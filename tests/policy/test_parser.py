"""What is no policy, and where that is said."""

import json
from typing import Any

import pytest
import yaml

from core.policy import checker, parser
from core.policy.errors import PolicyInvalid
from tests.policy.conftest import CASES, example_text

REFUSALS = yaml.safe_load((CASES / "refusals.yaml").read_text())


@pytest.mark.parametrize("case", REFUSALS, ids=[case["rule"] for case in REFUSALS])
def test_a_refusal_names_the_value_on_its_line(case):
    text = example_text()
    assert case["from"] in text
    changed = text.replace(case["from"], case["to"], 1)
    line = changed[: text.index(case["from"])].count("\n") + 1
    _, found = parser.read(changed, "case.yaml")
    fitting = [item for item in found if item.code == case["code"] and case["says"] in item.message + item.hint]
    assert fitting, found
    if case.get("line", True):
        assert line in {item.line for item in fitting}, fitting
    assert all(item.message and item.hint for item in fitting)


def test_a_finding_inside_a_condition_points_at_its_character():
    text = example_text().replace("competitor AND NOT is_customer", "competitor AND NOT is_custmer")
    (found,) = parser.read(text, "case.yaml")[1]
    written = text.splitlines()[found.line - 1]
    assert written[found.column - 1 :].startswith("is_custmer")
    assert "is_customer" in found.hint


def test_a_wrong_value_of_a_list_is_found_at_its_place():
    text = example_text().replace("region: [UKI, DACH, ROEU]}", "region: [UKI, DAHC, ROEU]}")
    (found,) = parser.read(text, "case.yaml")[1]
    assert text.splitlines()[found.line - 1][found.column - 1 :].startswith("DAHC")


def test_a_list_cell_may_be_long():
    words = ", ".join(f"W{place}" for place in range(400))
    text = example_text().replace("values: [NA, UKI,", f"values: [{words}, NA, UKI,")
    text = text.replace("region: [UKI, DACH, ROEU]}", f"region: [{words}, UKI, DACH, ROEU]}}")
    assert parser.read(text, "case.yaml")[1] == []


def test_all_findings_are_listed_and_the_error_carries_the_first():
    text = example_text().replace('if: "erased"', 'if: "erasd"').replace("do: call_now", "do: call_nw")
    with pytest.raises(PolicyInvalid) as refused:
        parser.load(text, "case.yaml")
    assert [item.code for item in refused.value.diagnostics] == ["unknown_field", "unknown_action"]
    assert refused.value.where and refused.value.where.line == refused.value.diagnostics[0].line


@pytest.mark.parametrize(
    "text", ["", "[]", "a: [", "x" * 300_000, "null", "kind: LeadPolicy", "1", "\x00", "a: !!python/x 1"]
)
def test_a_text_that_is_no_policy_is_refused_and_never_raises_anything_else(text):
    policy, found = parser.read(text, "case.yaml")
    assert policy is None
    assert found


def test_comments_and_white_space_make_no_version(example):
    again = parser.load("# a comment\n" + example_text().replace("{enter: 0.8000,", "{enter:   0.8,"), "x")
    assert again.content_hash == example.content_hash


def test_the_version_number_is_no_content(example):
    again = parser.load(example_text().replace("version: 7 ", "version: 8 ", 1), "x")
    assert again.document.metadata.version == 8
    assert again.content_hash == example.content_hash


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("title: Inbound", "title: Outbound", True),
        ("team: revenue-operations", "team: sales", True),
        ("typical: 120", "typical: 121", True),
        ("usage threshold met", "usage", True),
        ("risk_class: medium", "risk_class: high", True),
        ('employees: ">= 200"', 'employees: ">= 201"', False),
        ('bot_prob >= 0.95"', 'bot_prob >= 0.96"', False),
    ],
)
def test_only_what_decides_changes_the_behaviour_hash(example, before, after, same):
    changed = parser.load(example_text().replace(before, after, 1), "x")
    assert changed.content_hash != example.content_hash
    assert (changed.behaviour_hash == example.behaviour_hash) is same


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("raw_events: 395", "raw_event: 395", "unknown_retention"),
        ("raw_events: 395", "raw_events: 0", "wrong_limits"),
        ("    viewer: [email", "    viewr: [email", "unknown_role"),
    ],
)
def test_privacy_names_roles_and_rows_that_there_are_and_keeps_rows_a_day(old, new, code):
    policy, found = parser.read(example_text().replace(old, new), "x.yaml")
    assert policy is None and [one.code for one in found] == [code]


def test_a_failing_golden_test_fails_the_check_at_its_place():
    text = example_text().replace("reasons: [no_lawful_basis]", "reasons: [other]")
    report: Any = checker.report(text, "case.yaml")
    assert (report["ok"], report["tests"]) == (False, {"passed": 1, "failed": 1})
    (found,) = report["diagnostics"]
    assert found["code"] == "test_failed"
    assert "withdrawn consent" in text.splitlines()[found["line"] - 1]


def test_a_golden_test_of_an_unknown_input_fails():
    report = checker.report(example_text().replace("given: {consent:", "given: {consnt:"), "case.yaml")
    assert report["tests"] == {"passed": 1, "failed": 1}


def test_the_check_of_a_good_policy_is_json():
    report = checker.report(example_text(), "example.yaml")
    assert report["ok"]
    assert json.loads(json.dumps(report)) == report
