"""The hit policies of the routing table."""

import json
from random import Random

import pytest

from core.policy import parser
from core.policy.evaluator import compile
from tests.policy import generated


def routed(hit, *rows, otherwise=None, applies_if=None):
    tree = generated.tree(Random(1))
    fields = {
        "score": {"type": "decimal", "scale": 4, "min": 0, "max": 1},
        "size": {"type": "int", "min": 0, "max": 1000, "required": False},
        "colour": {"type": "enum", "values": ["red", "green"]},
        "flag": {"type": "bool", "required": False},
    }
    kept = {key: tree[key] for key in ("apiVersion", "kind", "metadata", "pools")}
    violation = {"disposition": "HOLD", "queue": "q.wait", "reason": "contract"}
    bands = {"field": "score", "order": ["a", "b"], "thresholds": {"a": {"enter": 0.5, "exit": 0.4}}}
    rules = [{"id": f"r.{place}", **row} for place, row in enumerate(rows)]
    routing = {"hit": hit, "rules": rules, "otherwise": otherwise, "applies_if": applies_if}
    document = {
        **kept,
        "inputs": {"on_violation": violation, "fields": fields},
        "bands": {**bands, "otherwise": "b", "labels": {"a": "A", "b": "B"}},
        "routing": routing,
    }
    return compile(parser.load(json.dumps(document), "routing.json"))


LEAD = {"score": 0.9, "size": 100, "colour": "red", "flag": None}
RED = {"when": {"colour": "red"}, "then": {"pool": "p.one", "sla_min": 15}}
BIG = {"when": {"size": ">= 100"}, "then": {"pool": "p.two"}}
ALSO_ONE = {"when": {"size": 100}, "then": {"pool": "p.one", "sla_min": 15}}


def faults(outcome):
    return [(item.where, item.code) for item in outcome.errors]


def test_first_takes_the_first_row_that_holds():
    outcome = routed("FIRST", BIG, RED).decide(LEAD)
    assert (outcome.pool, outcome.sla_min, [item.rule for item in outcome.reasons]) == ("p.two", None, ["r.0"])


def test_unique_with_two_rows_that_hold_is_an_error():
    assert faults(routed("UNIQUE", RED, ALSO_ONE).decide(LEAD)) == [("routing", "conflict")]
    assert faults(routed("UNIQUE", RED, BIG).decide({**LEAD, "size": 1})) == []


def test_any_allows_two_rows_that_say_the_same():
    assert faults(routed("ANY", RED, ALSO_ONE).decide(LEAD)) == []
    outcome = routed("ANY", RED, BIG).decide(LEAD)
    assert (outcome.pool, faults(outcome)) == ("p.one", [("routing", "conflict")])


def test_priority_takes_the_row_of_the_highest_priority():
    rows = ({**RED, "priority": 1}, {**BIG, "priority": 2})
    assert routed("PRIORITY", *rows).decide(LEAD).pool == "p.two"


def test_no_row_and_no_otherwise_is_an_error_and_no_pool():
    outcome = routed("FIRST", BIG).decide({**LEAD, "size": 5})
    assert (outcome.disposition, outcome.pool, faults(outcome)) == ("PERMIT", None, [("routing", "no_row")])


def test_otherwise_takes_what_no_row_takes():
    outcome = routed("FIRST", BIG, otherwise={"pool": "q.end"}).decide({**LEAD, "size": None})
    assert (outcome.pool, faults(outcome), outcome.reasons) == ("q.end", [], ())


def test_a_table_that_does_not_apply_routes_nowhere():
    outcome = routed("FIRST", BIG, applies_if="size > 500").decide(LEAD)
    assert (outcome.pool, faults(outcome)) == (None, [])


@pytest.mark.parametrize(
    ("cell", "values", "holds"),
    [
        ({"size": 100}, {}, True),
        ({"size": [1, 100]}, {}, True),
        ({"size": ">= 101"}, {}, False),
        ({"size": "<> 100"}, {}, False),
        ({"size": "<> 5"}, {"size": None}, False),
        ({"size": "<=100"}, {}, True),
        ({"size": ""}, {"size": None}, True),
        ({"size": None}, {"size": None}, True),
        ({"colour": ["green", "red"]}, {}, True),
        ({"colour": "green"}, {}, False),
        ({"flag": False}, {}, False),
        ({"flag": False}, {"flag": False}, True),
        ({"band": "a", "score": ">= 0.9"}, {}, True),
        ({"band": "b"}, {}, False),
        ({"disposition": "PERMIT", "priority": 0}, {}, True),
        ({}, {}, True),
    ],
)
def test_a_cell_is_a_value_a_list_a_unary_test_or_blank(cell, values, holds):
    outcome = routed("FIRST", {"when": cell, "then": {"pool": "p.one"}}).decide({**LEAD, **values})
    assert (outcome.pool == "p.one") is holds
