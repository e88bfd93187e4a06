"""The queue of the store is in the order of `policy decide --queue`."""

from datetime import datetime, timedelta
from random import Random

import polars as pl
import pytest

from core.decisions.queues import asked_of_inputs, in_order
from core.decisions.store_board import DecisionBoard
from core.policy import parser
from core.policy.queueing import queue_order
from tests.decisions.conftest import AS_OF
from tests.policy.conftest import example_text

OLD = "tie_break: [event_time asc, lead_id asc]"


def by_rows(document, rows):
    """Sorted key by key, from the last to the first."""
    for name, downwards in reversed(queue_order(document)):
        present = sorted((row for row in rows if row[name] is not None), key=lambda row: row[name], reverse=downwards)
        rows = [*present, *(row for row in rows if row[name] is None)]
    return rows


def test_a_queue_is_in_order_of_priority_then_of_the_tie_break():
    rows = [("b", 5, 1), ("a", 5, 1), ("c", 5, 0), ("d", None, 0), ("e", 9, None)]
    frame = pl.DataFrame(rows, schema=["lead_id", "priority", "event_time"], orient="row")
    document = parser.load(example_text(), "queue.yaml").document
    assert in_order(document, frame)["lead_id"].to_list() == list("ecabd")


def test_a_document_that_declares_the_time_of_the_event_is_queued_by_it_as_in_a_file():
    fields = "  fields:\n    event_time: {type: int, min: 0, max: 9, required: false, source: event}\n"
    text = example_text()
    document = parser.load(text.replace("  fields:\n", fields, 1), "timed.yaml").document
    rows = {"lead_id": ["a", "b"], "priority": 5, "as_of": [AS_OF, AS_OF + timedelta(1)], "event_time": [7, 2]}
    assert "event_time" in asked_of_inputs(document)
    assert in_order(document, pl.DataFrame(rows))["lead_id"].to_list() == ["b", "a"]


@pytest.mark.parametrize(
    "keys", [OLD, "tie_break: [employees desc, pql, region desc, bot_prob, lead_id desc]", "tie_break: []"]
)
def test_frames_and_rows_have_one_order(keys):
    document = parser.load(example_text().replace(OLD, keys), "queue.yaml").document
    rng = Random(11)
    rows = [
        {
            "lead_id": f"l-{place}",
            "priority": rng.choice([None, 500, 500, 700]),
            "as_of": rng.choice([None, datetime(2026, 11, 1) + timedelta(hours=rng.randrange(3))]),
            "employees": rng.choice([None, 10, 200]),
            "pql": rng.choice([None, True, False]),
            "region": rng.choice(["NA", "DACH", None]),
            "bot_prob": rng.choice([0.1, 0.25, None]),
        }
        for place in range(300)
    ]
    told = [{**row, "event_time": row["as_of"]} for row in rows]
    found = in_order(document, pl.DataFrame(rows, infer_schema_length=None))["lead_id"].to_list()
    assert found == [row["lead_id"] for row in by_rows(document, told)]
    assert found == in_order(document, pl.DataFrame(told, infer_schema_length=None))["lead_id"].to_list()
    assert set(asked_of_inputs(document)) == ({"employees", "pql", "region", "bot_prob"} if "pql" in keys else set())


def test_inputs_are_read_from_the_newest_records_with_their_types(store):
    record = '{"inputs":{"employees":7,"pql":true,"bot_prob":0.25,"region":null}}'
    row = {
        "decision_id": "d_1", "lead_id": "l-0001", "decided_at": datetime(2026, 11, 1), "as_of": datetime(2026, 11, 1),
        "arm": "live", "score": 0.5, "fit": 0.1, "engagement": 0.1, "disposition": "PERMIT", "reasons": "[]",
        "points": "[]", "model_hash": "m", "policy_hash": "p", "feature_set_hash": "f", "record": record, "hash": "h",
        "entry_seq": 1, "leaf_no": 0, "stage_us": "{}",
    }  # fmt: skip
    with store.change("decisions", "decisions.recorded", "ana") as change:
        change.insert("decisions", pl.DataFrame([row]))
    kinds = {"employees": "int", "pql": "bool", "bot_prob": "decimal", "region": "enum"}
    assert DecisionBoard(store).inputs(kinds).row(0) == ("d_1", 7, True, 0.25, None)
