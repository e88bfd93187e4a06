"""A file of leads is decided alike by both engines, and what its columns cannot hold is refused with the value."""

import json
from random import Random

import polars as pl
import pytest

from core.kernel.errors import LeadbenchError
from core.policy import parser
from core.policy.default import shipped
from core.simulation.population import decide_all, read_leads
from tests.policy import generated
from tests.policy.conftest import example_text


@pytest.fixture(scope="module")
def example():
    return parser.load(example_text(), "example.yaml")


def write(folder, rows, name="leads.jsonl"):
    path = folder / name
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def refusal(path, policy, engine="python"):
    with pytest.raises(LeadbenchError) as caught:
        decide_all(policy, read_leads(path, policy), engine)
    return caught.value


def test_both_engines_write_the_same_decisions(example, tmp_path):
    rows = [
        {name: value for name, value in lead.items() if not (isinstance(value, float) and abs(value) > 1e6)}
        for lead in generated.leads(Random(3), example, 200)
    ]
    rows = [{"lead_id": str(place), **row} for place, row in enumerate(rows) if "NaN" not in json.dumps(row)]
    leads = read_leads(write(tmp_path, rows), example)
    assert decide_all(example, leads, "python").equals(decide_all(example, leads, "duckdb"))


def test_csv_and_parquet_give_what_jsonl_gives(example, tmp_path):
    rows = [{"lead_id": "a", "score": 0.91, "region": "NA", "demo_request": True, "employees": 12}]
    leads = read_leads(write(tmp_path, rows), example)
    frame = pl.DataFrame(rows)
    frame.write_csv(tmp_path / "leads.csv")
    frame.write_parquet(tmp_path / "leads.parquet")
    expected = decide_all(example, leads, "python")
    for name in ("leads.csv", "leads.parquet"):
        assert decide_all(example, read_leads(tmp_path / name, example), "python").equals(expected)


def test_a_key_left_out_is_typical_and_null_is_missing(example, tmp_path):
    leads = read_leads(write(tmp_path, [{"score": 0.9}, {"score": 0.9, "region": None}]), example)
    assert decide_all(example, leads, "python")["disposition"].to_list() == ["PERMIT", "HOLD"]


def test_the_arm_column_replays_a_counterexample(example, tmp_path):
    text = example_text().replace(" OR band = 'hot'\"}", '"}')
    policy = parser.load(text, "case.yaml")
    leads = read_leads(write(tmp_path, [{"score": 0.8, "arm": "live"}, {"score": 0.8, "arm": "holdout"}]), policy)
    assert decide_all(policy, leads, "python")["sla_min"].to_list() == [15, 240]
    assert refusal(write(tmp_path, [{"score": 0.8, "arm": "holdout"}]), policy, "duckdb").code == "unknown_arm"
    assert refusal(write(tmp_path, [{"score": 0.8, "arm": "shadowy"}]), policy).value == "shadowy"


@pytest.mark.parametrize(
    ("rows", "code", "value"),
    [
        ([{"score": 0.5, "employees": 3.5}], "lead_value_unfit", 3.5),
        ([{"score": "high"}], "lead_value_unfit", "high"),
        ([{"score": 0.5, "pql": "maybe"}], "lead_value_unfit", "maybe"),
        ([{"unknown": 1}], "lead_columns_missing", None),
    ],
)
def test_what_a_column_cannot_hold_is_refused_with_the_value(example, tmp_path, rows, code, value):
    found = refusal(write(tmp_path, rows), example)
    assert found.code == code
    assert value is None or str(found.value) == str(value)


def test_a_broken_line_is_named(example, tmp_path):
    path = tmp_path / "leads.jsonl"
    path.write_text('{"score": 0.5}\n{"score": \n')
    assert refusal(path, example).where.line == 2


def test_the_default_policy_decides_a_file(tmp_path):
    policy = parser.load(shipped(), "default.yaml")
    leads = read_leads(write(tmp_path, [{"lead_id": "x", "score": 1.0}]), policy)
    assert decide_all(policy, leads, "duckdb")["band"].to_list() == ["hot"]
