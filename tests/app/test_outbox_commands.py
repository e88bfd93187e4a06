"""The outbox on the command line and on Observability."""

import json
from pathlib import Path

import polars as pl
import pytest

from app.queries import outbox
from core.decisions.store_outbox import SCHEMA, OutboxStore
from core.governance import retention
from core.kernel.clock import SystemClock
from core.policy.default import shipped
from core.workbench import Workbench
from tests.app.cli_calls import call, done, refused
from tests.app.pages import page


def put(db, *statuses):
    """Messages without decisions, with these statuses."""
    rows = [(f"m_{place}", f"d_{place}", f"l-{place}", "entry", "notify", "working") for place in range(len(statuses))]
    with db.change("decisions", "decisions.recorded", "ana") as change:
        OutboxStore(db).put(change, pl.DataFrame(rows, schema=SCHEMA, orient="row"))
        for place, status in enumerate(statuses):
            change.execute(
                "UPDATE outbox SET status = ?, error = 'HTTP 500' WHERE message_id = ?", [status, f"m_{place}"]
            )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outbox") / "store"
    with Workbench.open(folder, SystemClock()) as bench:
        put(bench.db, "dead", "dead", "delivered")
    return str(folder)


def test_messages_are_listed_retried_and_delivered(store):
    at = ("--store", store)
    found = done("outbox_list", "outbox", "list", "--status", "dead", *at)
    assert found["counts"] == {"waiting": 0, "delivered": 1, "dead": 2, "gone": 0}
    assert [one["message_id"] for one in found["messages"]] == ["m_1", "m_0"]
    assert done("outbox_retry", "outbox", "retry", "m_0", *at, user="ana")["retried"] == 1
    assert done("outbox_retry", "outbox", "retry", "--all", *at, user="ana")["retried"] == 1
    sent = done("outbox_deliver", "outbox", "deliver", *at, user="ana")
    assert sent == {"delivered": 0, "failed": 0, "dead": 0, "gone": 2, "waiting": 0}
    ended = done("outbox_list", "outbox", "list", "--status", "gone", *at)["messages"]
    assert {one["error"] for one in ended} == {"The decision that it tells of is gone."}
    assert "2 gone" in call("outbox", "list", *at).stdout


def test_what_the_outbox_refuses(store):
    at = ("--store", store)
    assert refused("outbox", "retry", "m_9", *at, user="ana")["code"] == "unknown_message"
    assert refused("outbox", "deliver", *at, user="rita")["code"] == "forbidden"
    assert refused("outbox", "list", "--store", f"{store}-none")["code"] == "no_store"
    assert call("outbox", "retry", *at, user="ana").returncode == 2


def test_observability_shows_what_is_not_delivered_and_sends_dead_ones_again(demo_copy, monkeypatch):
    assert any("No message yet" in one.value for one in page("observability").caption)
    put(demo_copy.db, "dead", "waiting")
    monkeypatch.setattr(outbox, "MOST", 1)
    assert outbox.undelivered()["status"].to_list() == ["dead", "waiting"]
    at = page("observability")
    assert any("1 waiting · 0 delivered · 1 dead · 0 gone" in one.value for one in at.caption)
    next(one for one in at.button if one.label == "Send 1 dead ones again").click().run()
    assert OutboxStore(demo_copy.db).counts() == {"waiting": 2}


def test_a_report_is_made_under_the_policys_budget_and_refused_beyond_it(store, tmp_path):
    at, out = ("--store", store), tmp_path / "report.csv"
    assert refused("report", "--by", "band", *at, user="ana")["code"] == "no_report_budget"
    budget = "aggregate_reports: {min_cell: 10, dp_epsilon_per_quarter: 1.0}"
    privacy = f"\nprivacy: {{{budget}, retention_days: {{decision_log: 90}}}}\n"
    with Workbench.open(Path(store), SystemClock()) as bench:
        bench.rooms.releases.bootstrap(shipped() + privacy, "default")
    assert call("report", "--by", "band", "--epsilon", "nan", *at, user="ana").returncode == 2
    assert refused("report", "--by", "lead_id", *at, user="ana")["code"] == "unknown_dimension"
    found = done("report", "report", "--by", "band", "--epsilon", "0.75", "--out", str(out), *at, user="ana")
    assert (found["spent"], found["left"], found["least_cell"], len(found["rows"])) == (0.75, 0.25, 10, 5)
    assert out.read_text().splitlines()[0] == "band,accounts"
    assert refused("report", "--by", "band", *at, user="ana")["code"] == "report_budget_spent"
    assert refused("report", "--by", "band", *at, user="vic")["code"] == "unknown_user"


def test_what_a_policy_says_of_time_is_carried_out_by_commands(store):
    at = ("--store", store)
    swept = done("policy_sweep", "policy", "sweep", "--at", "2026-11-24T09:00:00Z", *at, user="ana")
    assert swept == {"at": "2026-11-24T09:00:00Z", "timed_out": 0, "breached": 0, "contested": 0}
    assert refused("policy", "sweep", *at, user="rita")["code"] == "forbidden"
    assert refused("policy", "sweep", "--at", "2096-11-21", *at, user="ana")["code"] == "moment_ahead"
    for text in ("soon", "9999-12-31T23:59:59-14:00"):
        assert refused("policy", "sweep", "--at", text, *at, user="ana")["code"] == "invalid_time"


def test_retention_is_asked_for_by_one_and_approved_by_another(store, tmp_path):
    at, out = ("--store", store), tmp_path / "plan.json"
    planned = done("policy_retain", "policy", "retain", "--out", str(out), *at)
    assert (planned["state"], planned["leaves"]["count"], planned["certificate"]) == ("planned", 0, None)
    assert json.loads(out.read_text()) == planned
    assert "0 decisions would go" in call("policy", "retain", *at).stdout
    assert refused("policy", "retain", "--ask", *at, user="ana")["code"] == "forbidden"
    call("users", "add", "pat", "--role", "privacy", *at, user="root")
    assert refused("policy", "retain", "--ask", *at, user="pat")["code"] == "nothing_to_retire"
    assert refused("policy", "retain", "--apply", planned["plan"], *at, user="rita")["code"] == "unknown_plan"
    assert call("policy", "retain", "--ask", "--apply", "x", *at, user="pat").returncode == 2
    decided_twice(store)
    asked = done("policy_retain", "policy", "retain", "--ask", *at, user="pat")
    assert (asked["state"], asked["leaves"]["count"], asked["stays"]) == ("asked", 1, {"decisions": 1})
    assert refused("policy", "retain", "--apply", asked["plan"], *at, user="ana")["code"] == "forbidden"
    assert f"pat asked on {asked['at'][:10]} to delete 1 decisions" in call("policy", "retain", *at).stdout
    no = ("policy", "retain", "--refuse", asked["plan"])
    assert refused(*no, *at, user="rita")["code"] == "reason_missing"
    assert refused(*no, "--comment", "no", *at, user="pat")["code"] == "forbidden"
    kept = done("policy_retain", *no, "--comment", "An audit is on", *at, user="rita")
    assert (kept["state"], kept["waiting"], kept["leaves"]["count"]) == ("refused", [], 1)
    for again in (no, ("policy", "retain", "--apply", asked["plan"])):
        assert refused(*again, "--comment", "no", *at, user="rita")["code"] == "unknown_plan"
    assert call(*no, "--ask", *at, user="pat").returncode == 2
    asked = done("policy_retain", "policy", "retain", "--ask", *at, user="pat")
    gone = done("policy_retain", "policy", "retain", "--apply", asked["plan"], *at, user="rita")
    assert (gone["state"], gone["waiting"]) == ("done", [])
    assert gone["certificate"]["certificate"]["deleted"] == {
        "decisions": 1, "outbox": 0, "shadow_scores": 0, "overrides": 0, "desk_reps": 0,
    }  # fmt: skip


def decided_twice(store):
    """Two old decisions of one lead."""
    with Workbench.open(Path(store), SystemClock()) as bench:
        put_old(bench.db)


def put_old(db):
    with db.change("decisions", "tested", "test") as change:
        change.execute(
            """INSERT INTO decisions BY NAME SELECT 'l' AS lead_id, 'live' AS arm, 1 AS score, 1 AS fit,
            1 AS engagement, 'PERMIT' AS disposition, '[]' AS reasons, '[]' AS points, 'm' AS model_hash,
            'p' AS policy_hash, 'f' AS feature_set_hash, '{}' AS record, 'h' AS hash, 1 AS entry_seq, '{}' AS stage_us,
            'd' || i AS decision_id, i::INTEGER AS leaf_no, TIMESTAMP '2020-01-01' AS decided_at FROM range(2) t(i)"""
        )


def test_a_reviewer_consents_to_a_deletion_or_refuses_it_on_approvals(demo_copy, monkeypatch):
    db, users = demo_copy.db, demo_copy.rooms.users
    users.add("pat", "privacy", "root")
    put_old(db)
    monkeypatch.setattr(retention, "days_kept", lambda documents: {"decision_log": 90})
    asked, old = retention.ask(db, "pat", users), "SELECT count(*) FROM decisions WHERE lead_id = 'l'"
    item = f"deletion-{asked.hash[7:19]}"

    def press(at, label):
        return next(one for one in at.button if one.label == label).click().run()

    mine = next(one for one in page("approvals", "pat", v=item).button if one.label == "Approve and delete")
    assert mine.disabled and "Your role, privacy, may not approve or refuse" in mine.help
    at = page("approvals", "rita", v=item)
    told = " ".join(one.value for one in at.markdown)
    assert "Deletion of 1 decision" in str(at.main) and "asked by pat" in told and "decisions 90 days" in told
    goes = next(one.value for one in at.dataframe if "arm" in one.value.columns)
    assert goes[["arm", "decisions", "leads"]].values.tolist() == [["live", 1, 1]]
    assert press(at, "Refuse").error and db.scalar(old) == 2
    press(at.text_input(key=f"approvals_inbox_{item[9:]}_comment").set_value("An audit is on").run(), "Refuse")
    assert retention.waiting(db) == [] and db.scalar(old) == 2
    asked = retention.ask(db, "pat", users)
    at = page("approvals", "rita", v=f"deletion-{asked.hash[7:19]}")
    assert next(one for one in at.button if one.label == "Approve and delete").disabled
    sure = at.checkbox(key=f"approvals_inbox_{asked.hash[7:19]}_sure")
    assert sure.label == "Yes, delete 1 decision for good"
    at = press(sure.check().run(), "Approve and delete")
    assert "1 decisions went" in at.toast[0].value and db.scalar(old) == 1
