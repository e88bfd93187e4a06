"""What changed between two policies, and who changes by it."""

from random import Random

import duckdb
import polars as pl

from core.policy import diff, parser, sql
from core.policy.evaluator import compile
from core.policy.inputs import fill
from tests.policy import generated
from tests.policy.conftest import example_text
from tests.policy.test_differential import TYPES


def changed(before, after):
    assert before in example_text()
    return parser.load(example_text().replace(before, after, 1), "changed.yaml")


def test_a_policy_does_not_differ_from_itself(example):
    assert diff.diff(example, parser.load(example_text(), "again")) == ()


def test_a_cell_is_named_by_its_row(example):
    (found,) = diff.diff(example, changed('employees: ">= 200"', 'employees: ">= 500"'))
    assert (found.kind, found.block, found.path) == ("changed", "routing", "routing.rules[r.warm_big].when.employees")
    assert (found.before, found.after) == (">= 200", ">= 500")
    assert found.text == "~ routing.rules[r.warm_big].when.employees: >= 200 → >= 500"


def test_rows_that_come_go_and_move_are_told_apart(example):
    rows = [line for line in example_text().splitlines(keepends=True) if "{id: r." in line]
    opp, customer, nurture = rows[0], rows[1], rows[11]
    text = example_text().replace(nurture, "").replace(opp + customer, customer + opp)
    text = text.replace("otherwise: null ", "otherwise: {pool: auto.nurture} ")
    text = text.replace("{id: a.call, ", "{id: a.ring, ")
    found = {(item.kind, item.path) for item in diff.diff(example, parser.load(text, "x"))}
    assert ("removed", "routing.rules[r.nurture]") in found
    assert {item for item in found if item[0] == "moved"} <= {
        ("moved", "routing.rules[r.opp]"),
        ("moved", "routing.rules[r.customer]"),
    }
    assert len([item for item in found if item[0] == "moved"]) == 1
    assert ("removed", "actions.rules[a.call]") in found
    assert ("added", "actions.rules[a.ring]") in found


def test_true_is_not_one(example):
    later = changed("required: true, typical: false, source: privacy", "required: true, source: privacy")
    assert [item.kind for item in diff.diff(example, later)] == ["removed"]


def test_a_change_of_words_is_a_no_op(example):
    assert diff.is_no_op(example, changed("title: Inbound", "title: Outbound"))
    assert not diff.is_no_op(example, changed("points: 200", "points: 201"))


def test_the_text_diff_shows_the_changed_line(example):
    text = diff.unified(example, changed("points: 200", "points: 201"))
    assert '+    - {id: p.demo,   if: "demo_request",          points: 201}' in text.splitlines()


def test_moves_are_what_both_versions_decide_for_each_lead(example, tmp_path):
    later = changed("hot:     {enter: 0.8000, exit: 0.7400}", "hot:     {enter: 0.7000, exit: 0.6400}")
    rng = Random(7)
    leads = [fill(example, {"score": rng.randrange(0, 10_001) / 10_000}) for _ in range(500)]
    leads += generated.leads(rng, example, 100)
    types = sql.column_types(example)
    columns = {name: pl.Series([lead[name] for lead in leads], dtype=TYPES[kind]) for name, kind in types.items()}
    frame = pl.DataFrame({"lead_id": [f"l{place}" for place in range(len(leads))], **columns}).to_arrow()
    with duckdb.connect(str(tmp_path / "moves.duckdb")) as connection:
        connection.register("frame_in", frame)
        connection.execute("CREATE TABLE leads AS SELECT * FROM frame_in")
        moves = sql.render_moves(example, later, "leads")
        rows = connection.sql(f"SELECT lead_id, before_band, after_band, before_pool, after_pool FROM ({moves})")
        found = {row[0]: row[1:] for row in rows.fetchall()}
        matrix = connection.sql(sql.render_matrix(moves, "band")).fetchall()
    one, other = compile(example), compile(later)
    for place, lead in enumerate(leads):
        before, after = one.decide(lead), other.decide(lead)
        assert found[f"l{place}"] == (before.band, after.band, before.pool, after.pool)
    assert sum(row[2] for row in matrix) == len(leads)
    assert ("warm", "hot") in {row[:2] for row in matrix}
