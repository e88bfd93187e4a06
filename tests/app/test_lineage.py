"""`audit lineage`: run events that OpenLineage's own classes take and write, and that name where columns come from."""

import json

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
