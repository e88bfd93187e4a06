"""Two people take a policy from draft to canary and back on a decided store, from the command line."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from core.kernel.clock import SystemClock
from core.workbench import Workbench
from tests.app.cli_calls import call, done, refused

PLAN = """
experiment:
  unit: lead_id
  salt: exp-1
  holdout: {fraction: 0.1, treat_as: {pool: auto.nurture, sla_min: 1440, method: queue, action: wait}}
rollout:
  strategy: canary
  unit: lead_id
  salt: ro-1
  steps: [{pct: 0, mode: shadow}, {pct: 40, min_decisions: 20}]
  judge:
    alpha: 0.05
    method: always_valid
    guards:
      - {metric: eligibility_rate, direction: decrease, max_abs: 0.05, critical: true}
      - {metric: meeting_rate_14d, direction: decrease, max_rel_change: 0.15}
  auto_rollback: {on: [any_critical], to: parent, max_seconds: 60}
"""
HARSH = (
    """    - {id: g.harsh, effect: HOLD, if: "score < 0.9 AND region IN ('NA', 'DACH', 'UKI', 'ROEU')", """
    "reason: too_low, queue: q.rescore}\n"
)


@pytest.fixture(scope="module")
def store(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "store"
    shutil.copytree(demo_folder, folder, ignore=shutil.ignore_patterns("lock"))
    return folder


def test_from_draft_to_canary_and_back_by_two_people(store, tmp_path):
    at = ("--store", str(store))
    with Workbench.open(store, SystemClock()) as bench:
        active = bench.rooms.policies.active("default")
        newest = bench.db.scalar("SELECT max(as_of) FROM decisions")
    hours = [f"{newest + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in (1, 2)]
    assert refused("policy", "evidence", active.ref, *at)["code"] == "evidence_void"
    text = active.source.replace("  rules:\n    - {id: g.", f"  rules:\n{HARSH}    - {{id: g.", 1)
    assert text != active.source
    head, _, _ = text.partition("\ntests:\n")
    candidate = tmp_path / "candidate.yaml"
    candidate.write_text(head + PLAN)
    done("models_approve", "models", "approve", "1", *at, user="rita")
    assert done("policy_check", "policy", "check", str(candidate))["ok"]
    assert done("policy_simulate", "policy", "simulate", str(candidate), *at)["leads"] > 0
    ref = done("policy_step", "policy", "submit", str(candidate), *at, user="ana")["ref"]
    found = done("policy_evidence", "policy", "evidence", ref, *at)
    assert found["intact"] and found["bundle"]["model"] and found["evidence"]["simulation"]["result"]
    assert found["evidence"]["proved_change"]["outputs"]["disposition"]["verdict"] == "differs"
    assert refused("policy", "rollout", "default", *at)["code"] == "no_rollout"
    page = done("policy_review", "policy", "review", ref, "--out", str(tmp_path / "review.html"), *at)
    assert [block["number"] for block in page["blocks"]] == list(range(1, 11))
    assert "would be decided otherwise" in page["blocks"][3]["lines"][0]
    assert b"<script" not in (tmp_path / "review.html").read_bytes()
    done("policy_step", "policy", "approve", ref, "--comment", "read", *at, user="rita")
    done("policy_step", "policy", "publish", ref, "--reason", "capacity", *at, user="ana")
    assert refused("policy", "rollout", "default", "advance", *at, user="ana")["code"] == "reason_missing"

    shadow = done("score", "score", "--as-of", hours[0], *at)["decisions"]
    assert shadow["arm"] == "live"
    told = done("policy_rollout", "policy", "rollout", "default", *at)
    assert told["state"] == "under_way" and told["judge"]["verdict"] == "fail"
    assert told["judge"]["guards"][0]["before"] > told["judge"]["guards"][0]["candidate"]
    assert told["judge"]["guards"][1]["verdict"] == "inconclusive"
    failing = refused("policy", "rollout", "default", "advance", "--reason", "x", *at, user="ana")
    assert failing["code"] == "rollout_failing"
    with Workbench.open(store, SystemClock()) as bench:
        arms = dict(bench.db.read("SELECT arm, count(*) FROM decisions WHERE step = 0 GROUP BY 1").iter_rows())
        assert arms["shadow"] == arms["live"] == shadow["count"]
        standing = bench.db.read("SELECT DISTINCT arm FROM decisions_latest")["arm"].to_list()
        assert "shadow" not in standing
    assert refused("policy", "keep", *at)["code"] == "no_identity"
    assert len(done("policy_keep", "policy", "keep", *at, user="ana")["done"]) == 1
    assert done("policy_rollout", "policy", "rollout", "default", *at)["state"] == "aborted"
    assert done("policy_alarms", "policy", "alarms", *at)["alarms"][0]["kind"] == "post_review"
    done("policy_step", "policy", "comment", active.ref, "--comment", "ok", *at, user="ana")
    assert done("policy_alarms", "policy", "alarms", *at)["alarms"][0]["kind"] == "post_review"
    done("policy_step", "policy", "comment", active.ref, "--comment", "ok", *at, user="rita")
    assert done("policy_alarms", "policy", "alarms", *at)["alarms"] == []

    mild = tmp_path / "mild.yaml"
    mild.write_text(candidate.read_text().replace("score < 0.9", "score < 0.0001"))
    ref = done("policy_step", "policy", "submit", str(mild), *at, user="ana")["ref"]
    done("policy_step", "policy", "approve", ref, *at, user="rita")
    done("policy_step", "policy", "publish", ref, "--reason", "milder", *at, user="ana")
    done("policy_rollout", "policy", "rollout", "default", "advance", "--reason", "shadow is fine", *at, user="ana")
    early = refused("policy", "rollout", "default", "advance", "--reason", "quick", *at, user="ana")
    assert early["code"] == "rollout_early"
    done("score", "score", "--as-of", hours[1], *at)
    told = done("policy_rollout", "policy", "rollout", "default", *at)
    assert told["judge"]["ratio"]["verdict"] == "pass" and told["waits"] is None
    with Workbench.open(store, SystemClock()) as bench:
        arms = bench.db.read("SELECT DISTINCT arm FROM decisions WHERE step = 1")["arm"].to_list()
        assert set(arms) == {"live", "canary", "holdout"}
    replayed = done("audit_replay", "audit", "replay", "--all", *at)
    assert replayed["differences"] == [] and replayed["replayed"] > 500
    done("policy_rollout", "policy", "rollout", "default", "advance", "--reason", "guards pass", *at, user="ana")
    assert done("policy_rollout", "policy", "rollout", "default", *at)["state"] == "completed"
    back = done("policy_step", "policy", "rollback", "default", "--reason", "campaign is over", *at, user="rita")
    assert back["content_hash"] == active.content_hash
    assert done("models_list", "models", "list", *at)["champion"] == "1"
    assert done("audit_duties", "audit", "duties", *at)["ok"] and done("audit_verify", "audit", "verify", *at)["ok"]


def test_an_emergency_has_an_end_and_a_power_question_has_an_answer(store, tmp_path):
    at = ("--store", str(store))
    glass = ("policy", "break-glass", "default@000000000000", "--reason", "x", "--for", "9h")
    assert refused(*glass, *at, user="ana")["code"] == "invalid_expiry"
    with Workbench.open(store, SystemClock()) as bench:
        text = bench.rooms.policies.active("default").source
    draft = tmp_path / "fire.yaml"
    draft.write_text(text.replace("title: ", "title: On fire, ", 1))
    ref = done("policy_step", "policy", "submit", str(draft), *at, user="ana")["ref"]
    past = refused("policy", "publish", ref, "--reason", "x", "--at", "2020-01-01", *at, user="ana")
    assert past["code"] == "invalid_due"
    fire = ("policy", "break-glass", ref, "--reason", "queue is closed", "--for", "1h")
    assert done("policy_break_glass", *fire, *at, user="ana")["state"] == "published"
    assert done("policy_alarms", "policy", "alarms", *at)["alarms"][0]["kind"] == "broken_glass"
    back = refused("policy", "request-changes", ref, "--comment", "late", *at, user="rita")
    assert back["code"] == "wrong_state"
    assert len(done("audit_duties", "audit", "duties", *at)["exceptions"]) == 1
    to = ("policy", "rollback", "default", "--reason", "the queue is open", "--to")
    assert refused(*to, ref, *at, user="rita")["code"] == "already_active"
    assert done("policy_step", *to, "default@v1", *at, user="rita")["state"] == "published"
    assert done("policy_power", "policy", "power", "--base", "0.08", "--change", "0.15")["candidate"] > 3000
    assert call("policy", "power", "--base", "2", "--change", "0.15").returncode == 2
    assert refused("policy", "review", "nobody@000000000000", *at)["code"] == "unknown_policy"
