"""The Python closure and the DuckDB SQL decide every lead alike, reasons and errors included."""

import json
from random import Random

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kernel.expressions import parse
from core.policy import sql
from core.policy.closures import closure
from core.policy.contract import contract_of
from core.policy.evaluator import compile
from core.policy.stages import schema_of
from tests.policy import generated

TYPES = {"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "BOOLEAN": pl.Boolean, "VARCHAR": pl.String}


def in_python(policy, leads):
    evaluator = compile(policy)
    return [evaluator.decide(lead).to_json() for lead in leads]


def in_sql(policy, leads, folder):
    types = sql.column_types(policy)
    columns = {name: pl.Series([lead[name] for lead in leads], dtype=TYPES[kind]) for name, kind in types.items()}
    frame = pl.DataFrame({"place": range(len(leads)), **columns}).to_arrow()
    with duckdb.connect(str(folder / "leads.duckdb")) as connection:
        declared = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        connection.execute(f"CREATE OR REPLACE TABLE leads (place BIGINT, {declared})")
        connection.register("frame_in", frame)
        connection.execute("INSERT INTO leads SELECT * FROM frame_in")
        connection.unregister("frame_in")
        rows = connection.sql(f"{sql.render(policy, 'leads', ['place'])} ORDER BY place").fetchall()
    outcomes = [dict(zip(sql.OUTPUTS, row[1:], strict=True)) for row in rows]
    return [{**item, **{name: json.loads(item[name]) for name in ("reasons", "errors")}} for item in outcomes]


def check(seed, folder, count):
    rng = Random(seed)
    policy = generated.policy(rng)
    leads = generated.leads(rng, policy, count)
    for lead, python, database in zip(leads, in_python(policy, leads), in_sql(policy, leads, folder), strict=True):
        assert python == database, (seed, lead)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_back_ends_decide_random_leads_by_random_policies_alike(seed, tmp_path):
    check(seed, tmp_path, 80)


@pytest.mark.campaign
def test_both_back_ends_agree_at_full_size(tmp_path):
    for seed in range(1000):
        check(seed, tmp_path, 300)


@pytest.mark.parametrize("seed", range(3))
def test_both_back_ends_agree_on_the_shipped_and_the_example_policy(example, default, seed, tmp_path):
    for policy in (example, default):
        leads = generated.leads(Random(seed), policy, 400)
        assert in_python(policy, leads) == in_sql(policy, leads, tmp_path)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_conditions_mean_the_same_as_in_the_kernel(seed):
    rng = Random(seed)
    policy = generated.policy(rng)
    schema = schema_of(policy.document, "guards")
    fields = {name: field.model_dump(exclude_none=True) for name, field in policy.input_fields.items()}
    expression = parse(generated.condition(rng, fields, 3), schema)
    ours, kernels = closure(expression.node), expression.to_python()
    contract = contract_of(policy.document)
    for lead in generated.leads(rng, policy, 40):
        values, broken = contract.normalise(lead)
        if not broken:
            scaled = {name: _unscaled(values[name], policy.input_fields[name].scale) for name in values}
            assert ours(values) == kernels(scaled), (seed, expression.text, lead)


def _unscaled(value, scale):
    return value / 10**scale if scale and value is not None else value
