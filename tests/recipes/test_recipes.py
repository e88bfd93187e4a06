"""What the four real data sets must show; figures are floors, measured on the time split where there is time."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.recipes.conftest import HERE, leadbench

pytestmark = pytest.mark.recipe
SCHEMAS = Path(__file__).parents[2] / "data" / "schemas"
FLOORS = {"1h": 0.716, "24h": 0.694, "72h": 0.678, "7d": 0.714, "14d": 0.812}


def suspects(result: dict) -> set[str]:
    return {one["name"] for one in result["suspected_leaks"]}


def codes(result: dict) -> set[str]:
    return {one["code"] for one in result["warnings"]}


def source(result: dict, kind: str) -> dict:
    return next(one for one in result["sources"] if one["kind"] == kind)


def areas(result: dict) -> dict:
    return {mark["after"]: mark["auc"] for mark in result["metrics"]["by_landmark"]}


def without_times(result: dict) -> dict:
    return {key: value for key, value in result.items() if key not in ("seconds", "store", "sources", "ledger_head")}


def test_bpi2012_loads_every_event_and_censors_open_cases(ran):
    _, result = ran("bpi2012")
    events = source(result, "events")
    assert (events["read"], events["accepted"], events["quarantined"], events["duplicate"]) == (262_200, 262_200, 0, 0)
    assert result["leads"] == 13_087
    assert result["outcomes"] == {"won": 2_246, "lost": 10_442, "open": 399}
    assert result["rows"]["censored"] > 0


def test_bpi2012_leaves_the_events_of_the_outcome_out(ran):
    _, result = ran("bpi2012")
    named = {f"type = '{name}'" for name in ("A_APPROVED", "A_REGISTERED", "A_ACTIVATED", "O_ACCEPTED")}
    named |= {f"type = '{name}'" for name in ("A_DECLINED", "A_CANCELLED", "O_DECLINED")}
    assert named <= suspects(result)
    assert not any(one["accepted"] for one in result["suspected_leaks"])


def test_bpi2012_is_above_the_floor_at_every_landmark(ran):
    _, result = ran("bpi2012")
    assert result["metrics"]["split"] == "time"
    found = areas(result)
    assert {after: found[after] >= floor for after, floor in FLOORS.items()} == dict.fromkeys(FLOORS, True), found


def test_bpi2012_tells_the_cases_whose_window_is_over_by_themselves(ran):
    _, result = ran("bpi2012")
    whole, matured = result["metrics"], result["metrics"]["matured"]
    assert 3_000 < matured["rows"] < whole["rows"] and matured["auc"] > 0.7
    assert matured["base_rate"] < whole["base_rate_test"] - 0.03 and matured["ece"] < whole["ece"]
    assert "whose window is over" in next(
        one["message"] for one in result["warnings"] if one["code"] == "poorly_calibrated"
    )


@pytest.mark.campaign
def test_bpi2012_whenever_it_closes_is_above_the_untuned_floor_at_every_landmark(real_data, tmp_path):
    text = (HERE / "bpi2012.yaml").read_text().replace("horizon: 30d", "horizon: null")
    (tmp_path / "closed.yaml").write_text(text.replace("../../../shared/data", str(real_data)))
    found = areas(leadbench("run", str(tmp_path / "closed.yaml"), "--store", str(tmp_path / "store")))
    assert {after: found[after] > floor for after, floor in FLOORS.items()} == dict.fromkeys(FLOORS, True), found


def test_bpi2012_decides_open_cases_on_trial(ran):
    _, result = ran("bpi2012")
    assert result["decisions"]["count"] == 399
    assert (result["decisions"]["arm"], result["decisions"]["leads"]) == ("trial", "open")
    assert sum(result["decisions"]["bands"].values()) == 399


@pytest.mark.campaign
def test_the_xes_log_holds_what_the_csv_held(ran, real_data, tmp_path):
    """Ids are made from the whole record, so equal records are repeats; the same model then follows (campaign)."""
    store, _ = ran("bpi2012")
    copy, mapping = shutil.copytree(store, tmp_path / "store"), tmp_path / "map.yaml"
    events = yaml.safe_load((HERE / "bpi2012_xes.yaml").read_text())["sources"]["events"][0]
    mapping.write_text(json.dumps({key: value for key, value in events.items() if key != "path"}))
    log = real_data / "bpi2012" / "BPI_Challenge_2012.xes.gz"
    told = leadbench("import", "events", str(log), "--mapping", str(mapping), "--store", str(copy))
    assert (told["read"], told["duplicate"], told["accepted"]) == (262_200, 262_200, 0)


@pytest.mark.campaign
def test_xes_and_csv_give_the_same_log_and_the_same_model(ran):
    _, from_csv = ran("bpi2012")
    _, from_xes = ran("bpi2012_xes")
    assert from_xes["model"]["hash"] == from_csv["model"]["hash"]
    assert from_xes["metrics"] == from_csv["metrics"]
    assert source(from_xes, "events")["accepted"] == 262_200


def test_the_same_recipe_again_adds_nothing(ran, real_data, tmp_path):
    store, first = ran("bpi2012")
    again = leadbench("run", str(store.parent / "bpi2012.yaml"), "--store", str(store))
    assert again["unchanged"] is True
    assert all(one["accepted"] == 0 and one["duplicate"] == one["read"] for one in again["sources"])
    assert without_times(again) | {"unchanged": False} == without_times(first)


def test_every_decision_of_bpi2012_replays_bit_for_bit(ran):
    store, result = ran("bpi2012")
    report = leadbench("audit", "replay", "--all", "--store", str(store))
    assert report["replayed"] == report["equal"] == result["decisions"]["count"]
    assert report["differences"] == []
    assert leadbench("audit", "verify", "--store", str(store))["ok"]


def test_an_explanation_sums_to_the_probability(ran, tmp_path):
    store, _ = ran("x_education")
    leadbench("audit", "export", "--out", str(tmp_path / "evidence"), "--store", str(store))
    with (tmp_path / "evidence" / "decisions.jsonl").open() as lines:
        lead_id = re.search(r'"lead_id": ?"([^"]+)"|lead_id\\":\\"([^"\\]+)', next(lines))
    assert lead_id is not None
    queue = leadbench("explain", lead_id[1] or lead_id[2], "--store", str(store))
    total = queue["base"] + sum(point["points"] for point in queue["points"])
    assert total == pytest.approx(queue["probability"], abs=1e-9)
    assert queue["score"] == pytest.approx(queue["probability"], abs=5e-5)


def test_x_education_names_what_sales_filled_in(ran):
    _, result = ran("x_education")
    entered = {"Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity"}
    graded = {f"Asymmetrique {what}" for what in ("Activity Index", "Profile Index", "Activity Score", "Profile Score")}
    assert entered | graded <= suspects(result)
    assert result["metrics"]["auc"] >= 0.867
    assert result["metrics"]["auc_with_suspects"] > result["metrics"]["auc"] + 0.05


def test_x_education_says_that_no_forward_estimate_is_possible(ran):
    _, result = ran("x_education")
    assert result["metrics"]["split"] == "random"
    assert {"no_time_split", "suspected_leaks"} <= codes(result)


def test_x_education_counts_select_as_missing(real_data):
    found = leadbench("inspect", str(real_data / "x_education" / "Leads.csv"))
    columns = {column["name"]: column for column in found["columns"]}
    named = {finding["column"] for finding in found["findings"] if finding["code"] == "placeholder_missing"}
    assert {"Specialization", "How did you hear about X Education", "Lead Profile", "City"} <= named
    assert columns["Specialization"]["missing"] > 1_000


@pytest.mark.campaign
def test_olist_reaches_its_floor_without_the_winners_columns(ran):
    store, result = ran("olist_funnel")
    assert result["metrics"]["split"] == "time"
    assert result["metrics"]["auc"] >= 0.68
    assert "truncated_outcomes" in codes(result)
    told = next(one["message"] for one in result["warnings"] if one["code"] == "truncated_outcomes")
    assert "2017-12" in told
    used = leadbench("features", "list", "--store", str(store))["features"]
    assert {name for row in used for name in json.loads(row["reads"])["attributes"]} <= {"landing_page_id", "origin"}


def test_hubspot_seeds_load_without_a_mapping(ran):
    _, result = ran("hubspot_seeds")
    leads, events, deals = (source(result, kind) for kind in ("leads", "events", "outcomes"))
    assert leads["accepted"] == 22 and leads["merged"] == 3
    assert events["accepted"] == 100
    assert deals["unmatched"] == deals["read"] == 44
    assert {"no_outcome", "unmatched_records"} <= codes(result)
    assert result["metrics"] is None and result["decisions"] is None


@pytest.mark.parametrize(
    "name", ["bpi2012", "x_education", pytest.param("olist_funnel", marks=pytest.mark.campaign), "hubspot_seeds"]
)
def test_every_result_fits_the_published_schema(ran, name):
    _, result = ran(name)
    Draft202012Validator(json.loads((SCHEMAS / "run.json").read_text())).validate(result)


@pytest.mark.campaign
def test_bpi2012_scores_foretell_their_ranking_before_the_labels_are_known(ran):
    store, _ = ran("bpi2012")
    found = leadbench("performance", "--population", "test", "--store", str(store), "--as", "ana")
    Draft202012Validator(json.loads((SCHEMAS / "performance.json").read_text())).validate(found)
    real, guess = found["realised"], found["estimated"]
    assert real["rows"] == guess["rows"] > 3_000
    assert abs(real["auc"] - guess["auc"]) < 0.06 and real["auc"] > 0.68
