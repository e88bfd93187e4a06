"""`store compact`: who may, and what it says."""

import json

import pytest

from tests.app.cli_calls import done, refused


@pytest.fixture
def store(tmp_path):
    folder, path = tmp_path / "store", tmp_path / "events.jsonl"
    rows = [
        {
            "event_id": f"e{n}",
            "lead_id": f"l{n % 3}",
            "type": "visit",
            "occurred_at": f"2025-01-{n + 1:02}",
            "amount": n,
        }
        for n in range(20)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    done("import", "import", "events", str(path), "--store", str(folder))
    return folder


def test_a_compacted_log_says_what_stands_in_columns(store):
    found = done("store_compact", "store", "compact", "--as", "root", "--store", str(store))
    assert found == {"events": 20, "tail": 0, "columns": ["amount"]}


def test_an_analyst_may_not_compact(store):
    assert refused("store", "compact", "--as", "ana", "--store", str(store))["code"] == "forbidden"
