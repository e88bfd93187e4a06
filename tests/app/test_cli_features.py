"""The commands on features: what they print fits its schema, and what they refuse."""

from pathlib import Path

import polars as pl
import pytest

from core.governance.errors import FeatureUsed
from core.governance.feature_users import forget
from core.workbench import Workbench
from tests.app.cli_calls import call, done, refused

SET = """schema: leadbench/features/v1
name: small
features:
  - {name: visits, aggregate: count, where: "type = 'visit'", window: 30d, max_age: 4h, owner: ops}
  - {name: spent, aggregate: sum, of: amount, where: "type = 'visit'"}
  - {name: calls, aggregate: count, where: "type = 'call'"}
"""
TOGETHER = """schema: leadbench/features/v1
name: together
features:
  - {name: others_calls, scope: account_others, aggregate: count, where: "type = 'call'"}
  - {name: all_calls, scope: account, aggregate: count, where: "type = 'call'"}
  - {name: lately, aggregate: count, where: "type IN ('call', 'ping')", window: 7d}
"""
MOMENTS = ("--every", "7d", "--last", "21d", "--to", "2026-02-10T00:00:00Z")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A store of 40 leads, two an account; one of each was won, and then a call was written into its past."""
    folder = tmp_path_factory.mktemp("features-cli")
    (folder / "small.yaml").write_text(SET)
    (folder / "together.yaml").write_text(TOGETHER)
    events = ["event_id,lead_id,account_id,type,source,occurred_at,received_at,amount"]
    outcomes = ["lead_id,outcome,closed_at"]
    for n in range(40):
        lead = f"l{n},a{n // 2}"
        events += [
            f"e{n}_{day},{lead},visit,web,2026-01-{day}T10:00:00Z,2026-01-{day}T10:00:00Z,{n}" for day in (12, 17)
        ]
        events += [f"c{n},{lead},call,crm,2026-01-20T10:00:00Z,2026-02-03T10:00:00Z,"] if n % 2 else []
        events += [f"p{n},{lead},ping,app,2026-01-30T10:00:00Z,2026-02-01T10:00:00Z,"] if n % 2 else []
        outcomes.append(f"l{n},{'won' if n % 2 else 'lost'},2026-02-01T00:00:00Z")
    for name, lines in (("events", events), ("outcomes", outcomes)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
        call("import", name, str(folder / f"{name}.csv"), "--store", str(folder / "store"))
    return folder


@pytest.fixture(scope="module")
def store(folder) -> tuple[str, ...]:
    """The store with the set registered by its first backfill."""
    at = ("--store", str(folder / "store"))
    given = ("--set", str(folder / "small.yaml"), *MOMENTS, *at)
    made = done("features_backfill", "features", "backfill", *given, user="ana")
    assert (made["rows"], made["built"], made["moments"]) == (120, 120, 3)
    return at


def test_a_second_backfill_builds_nothing_and_writes_the_same_rows(store, folder):
    out = folder / "rows.parquet"
    given = ("--set", str(folder / "small.yaml"), *MOMENTS, "--out", str(out))
    again = done("features_backfill", "features", "backfill", *given, *store, user="ana")
    assert (again["built"], again["partly"], again["changed_leads"]) == (0, 0, 0)
    rows = pl.read_parquet(out).filter(pl.col("as_of").dt.day() == 27, pl.col("lead_id") == "l1")
    assert rows.select("visits", "spent", "calls").row(0) == (2, 2.0, 0)


def test_a_backfill_needs_somebody_who_may_change_features(store, folder):
    call("users", "add", "vic", "--role", "viewer", *store, user="root")
    given = ("--set", str(folder / "small.yaml"), *MOMENTS, *store)
    assert refused("features", "backfill", *given, user="vic")["code"] == "forbidden"


def test_a_feature_is_shown_with_its_versions_and_users(store):
    told = done("features_show", "features", "show", "visits", *store)
    assert (told["tier"], told["owner"], told["max_age"], len(told["versions"])) == ("minutes", "ops", "4h", 1)
    assert [one["name"] for one in told["used_by"]["sets"]] == ["small"]
    missing = refused("features", "show", "visit", *store)
    assert missing["code"] == "unknown_feature" and "`visits`" in missing["remedy"]


def test_a_profile_tells_gaps_spread_outcomes_and_time(store):
    told = done("features_profile", "features", "profile", "spent", *store)
    assert told["missing"] == 0 and told["by_outcome"]["leads"] == {"won": 20, "lost": 20}
    assert [moment["leads"] for moment in told["over_time"]][-1] == 40
    assert refused("features", "profile", "spent", "--set", "0" * 12, *store)["code"] == "unknown_feature_set"


def test_lineage_goes_up_to_events_and_down_to_sets(store):
    told = done("features_lineage", "features", "lineage", "spent", *store)
    assert told["upstream"]["delivered"] == [{"source": "web", "type": "visit", "events": 80}]
    assert told["upstream"]["properties"] == ["properties.amount"]
    assert [one["name"] for one in told["downstream"]["sets"]] == ["small"]
    assert refused("features", "lineage", "nothing", *store)["code"] == "unknown_feature"


def test_the_check_tells_a_rewritten_past_from_one_that_stands(store, folder):
    told = done("features_check", "features", "check", "--set", str(folder / "small.yaml"), *store)
    found = {one["feature"]: one for one in told["features"]}
    assert (found["visits"]["verdict"], found["calls"]["verdict"], told["leaks"]) == ("stable", "suspected_leak", 1)
    assert (found["calls"]["causes"], found["calls"]["by_outcome"]) == ({"backdated": 20}, {"lost": 0.0, "won": 1.0})
    example = found["calls"]["examples"][0]
    assert (example["before"], example["after"], example["known_at"]) == (0, 1, "2026-02-03T10:00:00Z")
    assert call("features", "check", "calls", "--exit-code", *store).returncode == 1
    assert refused("features", "check", "nothing", *store)["code"] == "unknown_feature"
    assert call("features", "check", *store).returncode == 2


def test_the_check_looks_at_colleagues_and_no_further_back_than_the_window(store, folder):
    told = done("features_check", "features", "check", "--set", str(folder / "together.yaml"), *store)
    others, both, lately = (one for one in told["features"])
    assert (others["causes"], others["by_outcome"]) == ({"backdated": 20}, {"lost": 1.0, "won": 0.0})
    assert (others["verdict"], both["causes"], both["verdict"]) == ("suspected_leak", {"backdated": 40}, "late_data")
    assert (lately["causes"], lately["verdict"]) == ({"late": 20}, "late_data")


@pytest.mark.parametrize(("engine", "word"), [("duckdb", "epoch_us"), ("polars", "pl.col")])
def test_a_set_is_rendered_for_reading(store, folder, engine, word):
    told = done(
        "features_render", "features", "render", "--set", str(folder / "small.yaml"), "--engine", engine, *store
    )
    assert word in told["text"]


def test_a_rendering_for_spark_needs_columns(store, folder):
    given = ("features", "render", "--set", str(folder / "small.yaml"), *store)
    assert refused(*given, "--engine", "spark")["code"] == "not_portable"
    assert call(*given, "--engine", "oracle").returncode == 2
    assert call("store", "compact", *store, user="root").returncode == 0
    assert "UNIX_MICROS" in done("features_render", *given, "--engine", "spark")["text"]
    assert refused("features", "render", "--set", str(folder / "gone.yaml"), *store)["code"] == "file_missing"


def test_a_file_that_cannot_be_written_is_refused_before_the_work(store, folder, tmp_path):
    gone = ("--out", str(tmp_path / "no" / "rows.parquet"), *store)
    given = ("--set", str(folder / "small.yaml"))
    pl.DataFrame({"lead_id": ["l1"]}).write_parquet(tmp_path / "spine.parquet")
    spine = ("--spine", str(tmp_path / "spine.parquet"))
    assert refused("features", "build", *given, *spine, *gone)["code"] == "output_unwritable"
    assert refused("features", "backfill", *given, *gone, user="ana")["code"] == "output_unwritable"
    assert call("features", "backfill", *given, "--every", "0d", *store, user="ana").returncode == 2


def test_a_store_without_events_has_no_history(folder, tmp_path):
    Workbench.open(tmp_path / "store").close()
    given = ("features", "backfill", "--set", str(folder / "small.yaml"), "--store", str(tmp_path / "store"))
    assert refused(*given, user="ana")["code"] == "nothing_to_build"


def test_a_feature_that_nobody_reads_is_forgotten_with_its_kept_rows(store, folder):
    (folder / "draft.yaml").write_text(
        SET.replace("name: small", "name: drafts").replace("name: spent", "name: drafted")
    )
    given = ("--set", str(folder / "draft.yaml"), *MOMENTS, *store)
    made = done("features_backfill", "features", "backfill", *given, user="ana")
    call("users", "add", "vic", "--role", "viewer", *store, user="root")
    assert refused("features", "forget", "drafted", *store, user="vic")["code"] == "forbidden"
    assert refused("features", "forget", "draft", *store, user="ana")["code"] == "unknown_feature"
    told = done("features_forget", "features", "forget", "drafted", *store, user="ana")
    [gone] = told["sets"]
    assert (gone["name"], gone["set_hash"]) == ("drafts", made["set_hash"])
    assert refused("features", "show", "drafted", *store)["code"] == "unknown_feature"
    kept = done("features_show", "features", "show", "visits", "--set", gone["left"], *store)
    assert kept["name"] == "visits"
    again = done("features_backfill", "features", "backfill", *given, user="ana")
    assert again["built"] == 120, "rows kept of a forgotten set are built anew"


def test_a_feature_that_a_model_or_a_policy_reads_is_kept(demo):
    rooms, entries = demo.rooms, demo.db.entries().height
    feature_set = rooms.features.get(rooms.models.list()["feature_set_hash"][0])
    with pytest.raises(FeatureUsed) as caught:
        forget(rooms.features, rooms.models, rooms.policies, feature_set.feature_names[0], "ana")
    assert f"model {rooms.models.list()['version'][0]}" in caught.value.message
    assert rooms.features.get(feature_set.behaviour_hash) == feature_set
    assert demo.db.entries().height == entries
