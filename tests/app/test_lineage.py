"""`audit lineage`: run events that OpenLineage's own classes take and write, and that name where columns come from."""

import json

from core.exports.open_lineage import Store, run_events
from tests.app import lineage
from tests.app.cli_calls import done, refused
from tests.app.conftest import copied


def test_the_lineage_is_what_openlineage_s_own_classes_write(demo_folder, tmp_path):
    store = copied(demo_folder, tmp_path)
    out = tmp_path / "lineage.ndjson"
    found = done("audit_lineage", "audit", "lineage", "--out", str(out), "--store", str(store))
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [lineage.written(one) for one in told] == told
    runs = {one["run"]["runId"]: one for one in told if one["eventType"] == "COMPLETE"}
    assert len(runs) == found["runs"] == found["events"] / 2 == len(told) / 2
    jobs = {one["job"]["name"] for one in told}
    assert jobs == {"import_leads", "import_events", "import_outcomes", "build_features", "train_model", "decide_leads"}
    known = {(one["namespace"], one["name"]) for event in told for one in event["inputs"] + event["outputs"]}
    fields = [
        read
        for event in runs.values()
        for dataset in event["outputs"]
        for field in dataset["facets"].get("columnLineage", {"fields": {}})["fields"].values()
        for read in field["inputFields"]
    ]
    assert len(fields) > 50 and {(one["namespace"], one["name"]) for one in fields} <= known
    for one in told:
        parent = one["run"]["facets"].get("parent")
        assert parent is None or runs[parent["run"]["runId"]]["job"]["name"] == parent["job"]["name"]
    nowhere = str(tmp_path / "nowhere" / "lineage.ndjson")
    assert refused("audit", "lineage", "--out", nowhere, "--store", str(store))["code"] == "output_unwritable"


def test_what_came_over_http_reps_and_a_build_of_a_forgotten_set_are_told_too():
    batches = [{"path": "http:segment", "accepted": 3}, {"path": "http:cloudevents", "accepted": 2}]
    file = {"kind": "reps", "path": "reps.csv", "content_hash": "sha256:1", "batch_id": "b000001", "accepted": 4}
    bodies = {
        "events.received": {"batches": [*batches, batches[0]]},
        "reps.imported": file,
        "features.built": {"set_hash": f"sha256:{'0' * 64}", "built": 7},
    }
    entries = [
        {"kind": kind, "at": "2026-11-01T00:00:00Z", "hash": kind, "body": json.dumps(body)}
        for kind, body in bodies.items()
    ]
    columns = {name: [("lead_id", "text")] for name in ("events", "leads", "reps")}
    store = Store("leadbench-0", columns, lambda _: None, {"b000001": {"map": {"assignee": ["who", "name"]}}})
    told = [one for one in run_events(entries, store) if lineage.written(one) == one and one["eventType"] == "COMPLETE"]
    assert [one["job"]["name"] for one in told] == ["receive_events", "import_reps", "build_features"]
    assert [one["name"] for one in told[0]["inputs"]] == ["http:segment", "http:cloudevents"]
    counted = [one["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] for one in told]
    assert counted == [8, 4, 7] and "schema" not in told[2]["outputs"][0]["facets"]
    field = told[1]["outputs"][0]["facets"]["columnLineage"]["fields"]["assignee"]["inputFields"]
    assert [(one["name"], one["field"]) for one in field] == [("reps.csv", "who"), ("reps.csv", "name")]
