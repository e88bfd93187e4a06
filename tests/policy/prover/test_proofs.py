"""What the proofs say of a policy: the example holds, and each defect is found with the plainest lead."""

from functools import cache

import pytest
import yaml

from core.policy import checker, parser
from core.policy.evaluator import compile
from core.policy.inputs import typical
from core.policy.overlay import overlay_of
from core.policy.prover import Budget, prove
from tests.policy.conftest import CASES, example_text

PROOFS = yaml.safe_load((CASES / "proofs.yaml").read_text())


@cache
def proved(place):
    policy = policy_of(PROOFS[place])
    return policy, prove(policy)


def policy_of(case):
    text = example_text()
    if "replace" in case:
        assert text.count(case["replace"]) == 1, case["replace"]
        text = text.replace(case["replace"], case["by"])
    return parser.load(text, "case.yaml")


@pytest.mark.parametrize("place", range(len(PROOFS)), ids=[case["name"] for case in PROOFS])
def test_a_defect_is_found_with_its_plainest_lead(place):
    case, (policy, proofs) = PROOFS[place], proved(place)
    found = {(proof.name, proof.scope): proof for proof in proofs if proof.verdict != "pass"}
    if not case["fails"]:
        assert not found
    for wanted in case["fails"]:
        proof = found[(wanted["proof"], wanted["scope"])]
        assert proof.verdict == "fail"
        assert wanted.get("says", "") in proof.detail
        if "lead" in wanted:
            assert unlike(policy, proof.found.lead) == wanted["lead"]


def unlike(policy, lead):
    """The fields in which a lead differs from a typical one, and its arm."""
    typicals = {name: typical(field) for name, field in policy.input_fields.items()}
    return {name: value for name, value in lead.items() if name == "arm" or value != typicals[name]}


@pytest.mark.parametrize("place", range(len(PROOFS)), ids=[case["name"] for case in PROOFS])
def test_every_counterexample_is_what_the_evaluator_makes_of_it(place):
    policy, proofs = proved(place)
    evaluator, overlay = compile(policy), overlay_of(policy)
    for proof in proofs:
        if proof.found.lead is None:
            continue
        lead = {name: value for name, value in proof.found.lead.items() if name != "arm"}
        assert set(lead) == set(policy.input_fields)
        arm = proof.found.lead.get("arm", "live")
        outcome = overlay.apply(evaluator.decide(lead), evaluator.normalised(lead), arm).to_json()
        assert outcome | {"pool": None} == dict(proof.found.before) | {"pool": None}


def test_a_budget_that_is_too_small_is_unknown_and_never_a_pass(example):
    found = prove(example, Budget(steps=2_000))
    verdicts = {proof.verdict for proof in found if proof.kind != "structure"}
    assert "unknown" in verdicts
    assert all("budget" in proof.detail for proof in found if proof.verdict == "unknown")


def test_a_lower_band_for_a_higher_score_is_impossible_whatever_the_hysteresis(example, default):
    for policy in (example, default):
        rises = next(proof for proof in prove(policy) if proof.name == "bands rise")
        assert rises.verdict == "pass"


def test_the_report_places_a_failed_proof_in_the_document(example):
    text = example_text().replace(" OR band = 'hot'\"}", '"}')
    report = checker.report(text, "case.yaml")
    failed = [check for check in report["checks"] if check["verdict"] != "pass"]
    assert report["ok"] is False
    assert [check["name"] for check in failed] == ["claim P.hot_sla"]
    line = text.splitlines()[failed[0]["line"] - 1]
    assert "P.hot_sla" in line
    assert failed[0]["after"] is None and failed[0]["before"]["sla_min"] == 240


def test_the_report_of_a_text_that_is_no_policy_lists_the_findings_as_checks():
    report = checker.report(example_text().replace('if: "erased"', 'if: "erasd"'), "case.yaml")
    assert [check["kind"] for check in report["checks"]] == ["compile"]
    assert report["checks"][0]["verdict"] == "fail" and report["checks"][0]["line"] > 1
