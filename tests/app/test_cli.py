"""Every command: a success that fits its published schema, and a refusal with its code and exit code."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from app.cli.jobs import summary
from app.cli.monitoring import drift_text, performance_text
from core.kernel.clock import SystemClock
from core.recipes.document import TrainPart
from core.workbench import Workbench
from tests import demo_run
from tests.app.cli_calls import ROOT, call, done, fits, refused
from tests.app.conftest import copied
from tests.once import made_once

DEAD = (
    '{id: g.never, effect: DENY, if: "score > 0.5 AND score < 0.4", reason: never}\n'
    '    - {id: g.suppressed, effect: DENY, if: "suppressed"'
)
STRICTER = "policies/default.yaml"


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, dict]:
    made = made_once(tmp_path_factory, "demo-run", demo_run.make)
    result = fits("run", (made / "result.json").read_text(encoding="utf-8"))
    return copied(made / "store", tmp_path_factory.mktemp("cli")), result


@pytest.fixture
def stricter(tmp_path) -> Path:
    path = tmp_path / "stricter.yaml"
    text = (ROOT / STRICTER).read_text().replace("risk_class: medium", "risk_class: low")
    path.write_text(text.replace("0.5500", "0.6000").replace("0.5000", "0.5600"))
    return path


def test_a_result_that_was_kept_before_the_champions_rows_were_counted_is_told_too(demo):
    _, result = demo
    against = {"version": "1", "verdict": "better", "figures": [{"difference": 0.01, "low": 0.002, "high": 0.02}]}
    counted = {**against, "rows": 90}
    for kept, words in (
        (against, "model 1: better"),
        (counted, "model 1 on the 90 rows whose"),
        ({**counted, "weighted": True}, "window is over, worked leads each by its weight for all: better"),
    ):
        assert words in summary({**result, "metrics": {**result["metrics"], "against_champion": kept}})


def test_the_demo_decides_its_open_leads(demo):
    _, result = demo
    assert result["decisions"]["count"] > 0
    assert result["metrics"]["auc"] > (result["baselines"]["recency"]["auc"] or 0.5)


def test_json_goes_alone_to_standard_output(demo):
    store, _ = demo
    command = [sys.executable, "-c", "from app.cli import main; main()", "audit", "replay", "--sample", "3"]
    command += ["--store", str(store), "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert json.loads(result.stdout)["replayed"] == 3
    assert "replayed" in result.stderr


def test_reads_fit_their_schemas(demo):
    store, _ = demo
    at = ("--store", str(store))
    assert done("audit_verify", "audit", "verify", *at)["ok"]
    assert done("users_list", "users", "list", *at)["users"]
    assert done("store_info", "store", "info", *at)["decisions"] > 0
    assert done("features_list", "features", "list", *at)["features"]
    assert done("policy_history", "policy", "history", *at)["active"]["name"] == "default"
    assert done("quarantine_list", "quarantine", "list", *at)["count"] == 0


def test_a_lead_is_explained_and_why_it_changed(demo):
    store, _ = demo
    at = ("--store", str(store))
    with Workbench.open(store, SystemClock()) as bench:
        lead, since = bench.db.read(
            "SELECT lead_id, max(as_of) - INTERVAL 2 DAY FROM decisions GROUP BY lead_id "
            "ORDER BY max(score) - min(score) DESC, lead_id LIMIT 1"
        ).row(0)
    now = done("explain", "explain", lead, "--grouped", *at)
    assert sorted(name for one in now["groups"] for name in one["features"]) == sorted(
        one["feature"] for one in now["points"]
    )
    changed = done("explain_since", "explain", lead, "--since", since.isoformat(), *at)
    assert changed["after"]["decision_id"] == now["decision_id"] != changed["before"]["decision_id"]
    assert changed["change"] == now["probability"] - changed["before"]["probability"]
    assert abs(sum(part["points"] for part in changed["parts"]) - changed["change"]) < 1e-9
    assert "points" in call("explain", lead, "--since", since.isoformat(), *at).stdout
    assert "not decided since" in call("explain", lead, "--since", now["as_of"], *at).stdout
    for option in ("--at", "--since"):
        assert refused("explain", lead, option, "2099-01-01", *at)["code"] == "moment_ahead"
    assert "speaks for it" in call("explain", lead, *at).stdout
    other = done("explain_counterfactual", "explain", lead, "--counterfactual", *at)
    assert other.get("impossible") or other["after"]["priority"] > other["before"]["priority"]
    assert refused("explain", lead, "--vary", "nonsense", *at)["code"] == "feature_fixed"
    assert call("explain", lead, "--counterfactual", "--since", since.isoformat(), *at).returncode == 2
    assert refused("explain", lead, "--since", "2001-01-01", *at)["code"] == "no_decision"
    assert refused("explain", lead, "--since", "yesterday", *at)["code"] == "invalid_time"


def test_replay_is_equal(demo):
    store, _ = demo
    report = done("audit_replay", "audit", "replay", "--sample", "20", "--store", str(store))
    assert (report["replayed"], report["equal"], report["differences"]) == (20, 20, [])


def test_the_exported_evidence_verifies_with_python_alone(demo, tmp_path):
    store, _ = demo
    found = done("audit_export", "audit", "export", "--out", str(tmp_path / "out"), "--store", str(store))
    assert found["decisions"] > 0
    check = subprocess.run(
        [sys.executable, "-I", "-S", str(tmp_path / "out" / "verify.py")], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_a_tampered_export_does_not_verify(demo, tmp_path):
    store, _ = demo
    done("audit_export", "audit", "export", "--out", str(tmp_path / "out"), "--store", str(store))
    records = tmp_path / "out" / "decisions.jsonl"
    lines = records.read_text().splitlines()
    lines[0] = lines[0].replace("PERMIT", "DENY", 1)
    records.write_text("\n".join(lines) + "\n")
    check = subprocess.run([sys.executable, str(tmp_path / "out" / "verify.py")], capture_output=True, check=False)
    assert check.returncode == 1


def test_features_are_built_at_a_spine(demo, tmp_path):
    store, _ = demo
    (tmp_path / "set.yaml").write_text(
        "schema: leadbench/features/v1\nname: two\nfeatures:\n"
        "  - {name: events, aggregate: count, window: all}\n  - {name: employees, attribute: employees}\n"
    )
    pl.DataFrame({"lead_id": ["nobody"], "as_of": ["2026-10-01"]}).with_columns(
        pl.col("as_of").str.to_datetime(time_unit="us")
    ).write_parquet(tmp_path / "spine.parquet")
    paths = ("--set", str(tmp_path / "set.yaml"), "--spine", str(tmp_path / "spine.parquet"))
    found = done(
        "features_build", "features", "build", *paths, "--out", str(tmp_path / "o.parquet"), "--store", str(store)
    )
    assert (found["rows"], found["features"]) == (1, 2)
    assert pl.read_parquet(tmp_path / "o.parquet")["events"].to_list() == [0]


def test_a_policy_goes_from_draft_to_published_and_back(demo, stricter):
    store, _ = demo
    at = ("--store", str(store))
    found = done("policy_simulate", "policy", "simulate", str(stricter), *at)
    assert found["leads"] > 0 and not found["kept"] and found["numbers"]["rolled-forward"] is None
    ref = done("policy_step", "policy", "submit", str(stricter), *at, user="ana")["ref"]
    assert refused("policy", "approve", ref, *at, user="ana")["code"] in ("author_cannot_approve", "forbidden")
    assert refused("policy", "publish", ref, "--reason", "now", *at, user="ana")["code"] == "not_approved"
    approved = done("policy_step", "policy", "approve", ref, "--comment", "checked", *at, user="rita")
    assert approved["state"] == "approved"
    assert (
        done("policy_step", "policy", "publish", ref, "--reason", "capacity", *at, user="ana")["state"] == "published"
    )
    back = done("policy_step", "policy", "rollback", "default", "--reason", "too strict", *at, user="rita")
    assert back["ref"] != ref
    assert done("audit_verify", "audit", "verify", *at)["ok"]


def test_a_simulation_rolled_forward_is_kept_as_evidence(demo, stricter, tmp_path):
    store, _ = demo
    reps = tmp_path / "reps.csv"
    pools = ("sdr.inbound", "sdr.priority", "auto.nurture", "auto.newsletter")
    reps.write_text(
        "rep_id,team,daily_capacity\n" + "".join(f"u{place},{pool},2\n" for place, pool in enumerate(pools))
    )
    done("import", "import", "reps", str(reps), "--store", str(store), user="ana")
    asked = (
        "policy",
        "simulate",
        str(stricter),
        "--against",
        STRICTER,
        "--mode",
        "rolled-forward",
        "--store",
        str(store),
    )
    found = done("policy_simulate", *asked, "--keep", user="ana")
    assert found["kept"] and found["history"]["decisions"] > found["leads"]
    assert found["capacity"]["state"] == "simulated" and found["value"]["state"] == "cannot_say"
    assert {row["dimension"] for row in found["harm"]} == {"region", "segment", "company_size", "consent"}
    assert found["evidence_hash"] in call(*asked).stdout, "the same question has the same answer"
    assert refused(*asked, "--keep")["code"] == "no_identity"
    assert refused(*asked, "--keep", user="nobody")["code"] == "unknown_user"
    assert refused(*asked[:3], "--against", "nowhere.yaml", *asked[-2:])["code"] == "file_missing"
    assert call(*asked, "--mode", "backwards").returncode == 2
    assert done("audit_verify", "audit", "verify", "--store", str(store))["ok"]


def test_a_policy_that_fails_its_own_test_is_not_taken_in(demo, tmp_path):
    store, _ = demo
    text = (ROOT / STRICTER).read_text()
    failing = tmp_path / "failing.yaml"
    failing.write_text(
        text.replace("expect: {disposition: PERMIT, band: hot", "expect: {disposition: PERMIT, band: warm")
    )
    error = refused("policy", "submit", str(failing), "--store", str(store), user="ana")
    assert (error["code"], error["value"]) == ("tests_failed", "a lead at the hot threshold is called")
    assert "`band` is `hot`, not `warm`" in error["message"] and error["where"]["line"] > 1


def test_policy_documents_need_no_store(stricter):
    assert done("policy_check", "policy", "check", str(stricter))["ok"]
    decided = done("policy_decide", "policy", "decide", str(stricter), "--inputs", '{"score": 0.99}')
    assert decided["band"] == "hot"
    changed = done("policy_diff", "policy", "diff", STRICTER, str(stricter))
    assert changed["equivalent"] is False and changed["rows"]
    assert changed["outputs"]["band"]["verdict"] == "differs"
    inside = done("policy_diff", "policy", "diff", STRICTER, str(stricter), "--only-where", "score >= 0")
    assert inside["confined"] is True and inside["outside"] is None
    assert call("policy", "diff", STRICTER, str(stricter), "--exit-code").returncode == 1
    assert call("policy", "diff", STRICTER, STRICTER, "--exit-code").returncode == 0


def test_a_file_of_leads_is_decided_alike_by_both_engines(stricter, tmp_path):
    leads = tmp_path / "leads.csv"
    leads.write_text("lead_id,score,region\na,0.99,DACH\nb,0.01,\n")
    outs = [tmp_path / f"{engine}.csv" for engine in ("python", "duckdb")]
    for out in outs:
        told = done(
            "policy_decide_file",
            *("policy", "decide", str(stricter), "--inputs", str(leads), "--engine", out.stem, "--out", str(out)),
        )
        assert told["rows"] == 2
    assert outs[0].read_text() == outs[1].read_text()
    leads.write_text("lead_id,score\na,high\n")
    assert refused("policy", "decide", str(stricter), "--inputs", str(leads))["code"] == "lead_value_unfit"


def test_a_policy_with_a_dead_rule_is_not_taken_in(demo, stricter, tmp_path):
    store, _ = demo
    dead = tmp_path / "dead.yaml"
    dead.write_text(stricter.read_text().replace('{id: g.suppressed, effect: DENY, if: "suppressed"', DEAD))
    assert dead.read_text() != stricter.read_text()
    found = call("policy", "check", str(dead), "--json")
    assert found.returncode == 1
    error = refused("policy", "submit", str(dead), "--store", str(store), user="ana")
    assert (error["code"], error["value"]) == ("proofs_failed", "guard g.never")


def test_steps_by_themselves(demo):
    store, _ = demo
    at = ("--store", str(store))
    assert done("score", "score", *at)["decisions"]["count"] > 0


def test_drift_of_a_stretch_of_time_is_written_for_pipelines_and_people(demo, tmp_path):
    store, _ = demo
    at, files = ("--store", str(store)), (tmp_path / "drift.xml", tmp_path / "drift.html")
    asked = ("--reference", "train", "--current", "30d", "--junit", str(files[0]), "--html", str(files[1]))
    found = done("drift", "drift", *asked, *at)
    assert (found["reference"], found["current"]) == ("train", "30d")
    assert {one["source"] for one in found["sources"]} >= {"web", "crm"}
    ranks = [one["decisions_moved"] for one in found["features"]]
    assert ranks == sorted(ranks, reverse=True) and found["decisions_moved"] <= found["population"]
    assert not found["weighted"] and "stand for all leads" in drift_text({**found, "weighted": True})
    failed = files[0].read_text().count("<failure ")
    assert failed >= found["features_drifted"] and files[0].read_text().startswith("<?xml")
    assert files[1].read_bytes().lstrip().startswith(b"<")
    few = call("drift", "--current", "2020-01-01/2020-01-02", *at).stdout
    assert (
        f"Not enough data for {len(found['features'])} of {len(found['features'])} features (0 leads compared)" in few
    )


def test_performance_says_what_came_and_what_is_expected(demo):
    store, _ = demo
    at = ("--store", str(store))
    found = done("performance", "performance", "--population", "test", "--segment", "region", *at)
    assert found["rows"] == found["labelled"] + found["waiting"] == sum(one["rows"] for one in found["cohorts"])
    assert {one["name"] for one in found["segments"]} == {"region"}
    assert any(not one["is_mature"] for one in found["cohorts"]) and found["loops"]["unknown"]
    assert not found["weighted"] and "by their weights" not in performance_text(found)
    assert "by their weights, as 80 rows would" in performance_text({**found, "effective_rows": 80.0})
    few = [{**one, "is_mature": True, "untold": "few_wins"} for one in found["cohorts"]]
    assert "AUC: under 5 wins" in performance_text({**found, "cohorts": few})
    assert refused("performance", "--segment", "lead_id", *at)["code"] == "unknown_segment"
    assert call("performance", "--population", "everybody").returncode == 2


def test_drift_refuses_what_names_no_population_and_a_folder_that_is_not_there(demo, tmp_path):
    store, _ = demo
    at = ("--store", str(store))
    for text in ("yesterday", "2026-05-01/2026-04-01", "x/y"):
        assert refused("drift", "--current", text, *at)["code"] == "invalid_window"
    assert refused("drift", "--junit", str(tmp_path / "no" / "x.xml"), *at)["code"] == "output_unwritable"


def test_a_model_is_approved_by_somebody_who_did_not_train_it(demo):
    store, result = demo
    at = ("--store", str(store))
    found = done("models_list", "models", "list", *at)
    assert found["champion"] == result["model"]["version"] == found["models"][-1]["version"]
    assert refused("models", "approve", "1", *at, user="ana")["code"] in ("author_cannot_approve", "forbidden")
    assert refused("models", "approve", "99", *at, user="rita")["code"] == "unknown_model"
    done("models_approve", "models", "approve", "1", "--comment", "checked", *at, user="rita")
    assert done("models_list", "models", "list", *at)["models"][0]["approved"]
    assert done("score", "score", *at)["decisions"]["arm"] == "live"


def test_imports_and_inspection(tmp_path):
    (tmp_path / "events.csv").write_text(
        "lead_id,type,occurred_at,source\nl1,page_viewed,2026-01-01T10:00:00Z,web\nl1,page_viewed,not a time,web\n"
    )
    assert done("inspect", "inspect", str(tmp_path / "events.csv"))["rows"] == 2
    at = ("--store", str(tmp_path / "store"))
    found = done("import", "import", "events", str(tmp_path / "events.csv"), *at)
    assert (found["accepted"], found["quarantined"]) == (1, 1)
    again = done("import", "import", "events", str(tmp_path / "events.csv"), *at)
    assert (again["accepted"], again["duplicate"]) == (0, 2)
    assert done("quarantine_list", "quarantine", "list", *at)["count"] == 1
    assert refused("import", "events", str(tmp_path / "events.csv"), *at, user="rita")["code"] == "forbidden"
    (tmp_path / "reps.csv").write_text("rep_id,team,max_open\nu-1,sdr.emea,40\n")
    assert done("import", "import", "reps", str(tmp_path / "reps.csv"), *at)["accepted"] == 1
    assert refused("import", "reps", str(tmp_path / "events.csv"), *at)["code"] == "unmapped_field"


def test_schemas_are_registered_and_a_breaking_one_is_refused(tmp_path):
    at = ("--store", str(tmp_path / "store"))
    first = "data/event_schemas/demo_requested.yaml"
    assert done("schemas_register", "schemas", "register", first, *at)["new"]
    assert not done("schemas_register", "schemas", "register", first, *at)["new"]
    done("schemas_register", "schemas", "register", "data/event_schemas/demo_requested.v2.yaml", *at)
    broken = tmp_path / "broken.yaml"
    broken.write_text(
        "schema: leadbench/event-schema/v1\ntype: demo_requested\nversion: 3\nproperties: {users: {type: text}}\n"
    )
    found = refused("schemas", "register", str(broken), *at)
    assert found["code"] == "schema_breaks" and "upcast" in found["remedy"]
    assert [row["version"] for row in done("schemas_list", "schemas", "list", *at)["schemas"]] == [2, 1]
    assert refused("schemas", "register", first, *at, user="rita")["code"] == "forbidden"


def test_people_are_managed_by_the_admin(tmp_path):
    (tmp_path / "leads.csv").write_text("lead_id,created_at\nl1,2026-01-01T10:00:00Z\n")
    at = ("--store", str(tmp_path / "store"))
    done("import", "import", "leads", str(tmp_path / "leads.csv"), *at)
    assert refused("users", "add", "mara", "--role", "reviewer", *at, user="ana")["code"] == "forbidden"
    assert done("users_step", "users", "add", "mara", "--role", "reviewer", *at, user="root")["role"] == "reviewer"
    assert done("users_step", "users", "disable", "mara", *at, user="root")["active"] is False


def test_a_store_is_backed_up_and_restored(demo, tmp_path):
    store, _ = demo
    made = done("store_backup", "store", "backup", str(tmp_path / "b.tar.zst"), "--store", str(store), user="root")
    again = ("--store", str(tmp_path / "again"))
    assert refused("store", "restore", str(tmp_path / "b.tar.zst"), *again, user="ana")["code"] == "forbidden"
    assert not (tmp_path / "again").exists()
    found = done("store_restore", "store", "restore", str(tmp_path / "b.tar.zst"), *again, user="root")
    assert found["ledger_head"] == made["ledger_head"] == done("audit_verify", "audit", "verify", *again)["head"]
    assert done("audit_replay", "audit", "replay", "--sample", "5", *again)["equal"] == 5
    assert refused("store", "backup", str(tmp_path / "c"), "--store", str(store))["code"] == "no_identity"
    over = refused("store", "restore", str(tmp_path / "b.tar.zst"), "--store", str(store), user="root")
    assert over["code"] == "store_exists"


REFUSALS = [
    ("file_missing", ("run", "nowhere.yaml")),
    ("no_store", ("audit", "verify")),
    ("no_store", ("explain", "somebody")),
    ("no_store", ("score",)),
    ("no_store", ("train",)),
    ("no_store", ("drift",)),
    ("no_store", ("features", "list")),
    ("no_store", ("users", "list")),
    ("no_store", ("store", "info")),
    ("no_store", ("store", "backup", "copy")),
    ("backup_missing", ("store", "restore", "nowhere")),
    ("no_store", ("quarantine", "list")),
    ("no_store", ("identity", "list")),
    ("no_store", ("sources", "list")),
    ("no_store", ("sources", "late")),
    ("no_store", ("schemas", "list")),
    ("file_missing", ("schemas", "register", "nowhere.yaml")),
    ("no_store", ("identity", "show", "somebody")),
    ("no_store", ("policy", "history")),
    ("no_store", ("serve",)),
    ("file_missing", ("policy", "check", "nowhere.yaml")),
    ("file_missing", ("policy", "simulate", "nowhere.yaml")),
    ("file_missing", ("inspect", "nowhere.csv")),
]


@pytest.mark.parametrize("code, arguments", REFUSALS, ids=[" ".join(arguments) for _, arguments in REFUSALS])
def test_a_refusal_has_its_code_and_a_remedy(tmp_path, code, arguments):
    stored = (
        () if arguments[0] in ("inspect",) or arguments[:2] == ("policy", "check") else ("--store", str(tmp_path / "x"))
    )
    json_flag = () if arguments[0] == "serve" else ("--json",)
    result = call(*arguments, *stored, *json_flag)
    assert result.returncode == 1, result.stderr
    assert not (tmp_path / "x" / "store.duckdb").exists()
    if json_flag:
        error = json.loads(result.stdout)["error"]
        assert error["code"] == code and error["remedy"]
    else:
        assert str(tmp_path / "x") in result.stderr


def test_writing_without_a_name_is_refused(demo, stricter):
    store, _ = demo
    assert refused("policy", "submit", str(stricter), "--store", str(store))["code"] == "no_identity"


def test_usage_errors_exit_with_2():
    assert call("nonsense").returncode == 2
    assert call("audit", "replay").returncode == 2
    assert call("score", "--leads", "everybody").returncode == 2


@pytest.mark.parametrize(
    "command", ["run", "demo", "inspect", "explain", "drift", "performance", "score", "train", "serve", "store backup"]
)
def test_help_shows_an_example(command):
    result = call(*command.split(), "--help")
    assert result.returncode == 0
    assert f"Example: leadbench {command}" in result.stdout


@pytest.fixture(scope="module")
def store(demo) -> Path:
    return demo[0]


@pytest.fixture(scope="module")
def second(store) -> dict:
    """A further model of the demo's recipe, with fewer trees."""
    settings = TrainPart.model_validate({"trees": 40, "learning_rate": 0.1})
    with Workbench.open(store) as bench:
        return bench.runner.train(actor="ana", settings=settings)


def test_a_second_model_is_compared_with_the_champion_when_it_is_trained(store, second):
    assert second["model"]["version"] == "2"
    against = second["metrics"]["against_champion"]
    assert against["version"] == "1"
    assert {one["name"] for one in second["metrics"]["challengers"]} == {"scorecard", "logistic", "recency"}
    found = done("models_compare", "models", "compare", "2", "1", "--store", str(store))
    judged = second["metrics"]["matured"] or second["metrics"]
    assert found["rows"] == against["rows"] == judged["rows"] and found["figures"] == against["figures"]
    levels = {one["segment"]: one["rows"] for one in second["metrics"]["by_segment"]}
    assert found["segment"] == second["metrics"]["segment"]
    assert found["by_segment"] and all(levels[one["segment"]] >= one["rows"] for one in found["by_segment"])
    area = found["figures"][0]
    assert area["ours"] == pytest.approx(judged["auc"], abs=1e-6)
    same = done("models_compare", "models", "compare", "1", "1", "--store", str(store))
    assert {one["verdict"] for one in same["figures"]} == {"no credible difference"}


def test_a_model_scores_once_a_second_person_released_it(store, second):
    at = ("--store", str(store))
    assert refused("models", "release", "1", "--reason", "mine", *at, user="ana")["code"] == "forbidden"
    done("models_release", "models", "release", "1", "--reason", "checked", *at, user="rita")
    listed = done("models_list", "models", "list", *at)
    assert (listed["champion"], listed["challenger"]) == ("1", "2")
    assert [row["alias"] for row in listed["models"]] == ["champion", "challenger"]
    assert refused("models", "rollback", "--reason", "too early", *at, user="rita")["code"] == "nothing_to_roll_back"
    stale = refused("models", "release", "2", "--reason", "ahead", "--over", "2", *at, user="rita")
    assert stale["code"] == "stale_champion"


def test_a_model_is_trained_again_with_the_same_hash_and_exported(store, second, tmp_path):
    at = ("--store", str(store))
    again = done("train_reproduce", "train", "--reproduce", "2", *at, user="ana")
    assert again["equal"] and again["reproduced_hash"] == second["model"]["hash"]
    assert len(done("models_list", "models", "list", *at)["models"]) == 2
    out = str(tmp_path / "model-2")
    assert "MLmodel" in done("models_export", "models", "export", "2", "--out", out, *at, user="ana")["files"]
    assert refused("models", "export", "2", "--out", out, *at, user="ana")["code"] == "folder_exists"
    graph = ("models", "export", "2", "--format", "onnx", "--out")
    assert done("models_export", *graph, str(tmp_path / "graph"), *at, user="ana")["parity"]["apart"] < 1e-5
    assert refused(*graph, out, *at, user="ana")["code"] == "folder_exists"
    assert refused("models", "show", "9", *at)["code"] == "unknown_model"


def test_cut_offs_follow_from_hours_and_value(demo):
    at = ("--store", str(demo[0]))
    hours = ("--rep-hours", "2", "--minutes", "30")
    found = done("models_cutoffs", "models", "cutoffs", *hours, *at)
    assert found["bands"][0]["band"] == "hot" and found["workable_a_day"] == 4
    assert found["bands"][0]["leads_a_day"] <= 4.5
    tight = done("models_cutoffs", "models", "cutoffs", *hours, "--sla-hours", "2", *at)
    assert tight["bands"][0]["enter"] > found["bands"][0]["enter"]
    nothing = ("--rep-hours", "0", "--minutes", "30")
    assert refused("models", "cutoffs", *nothing, *at)["code"] == "invalid_capacity"


def test_the_challenger_scores_in_shadow_what_the_champion_decides(store, second):
    at = ("--store", str(store))
    decided = done("score", "score", *at, user="ana")["decisions"]
    assert (decided["model"]["version"], decided["model"]["released"]) == ("1", True)
    found = done("models_shadow", "models", "shadow", *at)
    assert (found["champion"], found["challenger"]) == ("1", "2")
    assert found["leads"] == sum(one["leads"] for one in found["bands"]) == decided["count"]
    assert 0 < found["rank_correlation"]["value"] < 1
    assert done("score", "score", *at, user="ana")["decisions"]["added"] == 0
    again = done("models_shadow", "models", "shadow", *at)
    assert (again["leads"], again["waiting"]) == (found["leads"] + found["waiting"], 0)
    assert refused("models", "shadow", "--store", str(store / "nowhere"))["code"] == "no_store"


def test_what_would_call_for_a_challenger_is_told_with_evidence_and_changes_nothing(store, second):
    at = ("--store", str(store))
    head = done("audit_verify", "audit", "verify", *at)["head"]
    found = done("models_proposals", "models", "proposals", *at)
    assert (found["champion"], found["challenger"]) == ("1", "2")
    told = {one["trigger"]: one for one in found["triggers"]}
    assert not told["schedule"]["is_due"] and told["labels"]["value"] == 0
    assert told["drift"]["value"] is not None and told["drift"]["is_due"] == found["proposed"]
    assert (found["action"] is not None) == found["proposed"]
    assert done("audit_verify", "audit", "verify", *at)["head"] == head
    assert refused("models", "proposals", "--store", str(store / "nowhere"))["code"] == "no_store"


def test_a_tampered_model_of_the_store_scores_and_releases_nothing(store, second):
    at = ("--store", str(store))
    path = store / "models" / second["model"]["hash"].removeprefix("sha256:")[:16] / "model.txt"
    body = bytearray(path.read_bytes())
    body[200] ^= 1
    path.write_bytes(bytes(body))
    try:
        assert refused("models", "release", "2", "--reason", "x", *at, user="rita")["code"] == "model_damaged"
        assert refused("models", "compare", "1", "2", *at)["code"] == "model_damaged"
        assert refused("models", "shadow", *at)["code"] == "model_damaged"
    finally:
        body[200] ^= 1
        path.write_bytes(bytes(body))


def test_a_model_that_was_rolled_back_is_no_challenger(store, second):
    at = ("--store", str(store))
    done("models_release", "models", "release", "2", "--reason", "ahead", "--over", "1", *at, user="rita")
    assert done("models_release", "models", "rollback", "--reason", "off", *at, user="rita")["champion"] == "1"
    listed = done("models_list", "models", "list", *at)
    assert (listed["champion"], listed["challenger"]) == ("1", None)
    shown = done("models_show", "models", "show", "1", *at)
    assert [one["kind"] for one in shown["releases"]] == ["release", "rollback"]
    assert done("audit_verify", "audit", "verify", *at)["ok"]


def test_what_the_store_learnt_since_is_no_ground_to_make_a_model_again(store, second, tmp_path):
    more = tmp_path / "more.csv"
    more.write_text("lead_id,type,occurred_at,source\nlate-1,visit,2026-01-01T00:00:00Z,web\n")
    result = call("import", "events", str(more), "--store", str(store), "--json", user="ana")
    assert result.returncode == 0, result.stdout
    assert refused("train", "--reproduce", "1", "--store", str(store), user="ana")["code"] == "data_moved"
