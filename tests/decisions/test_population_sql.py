"""What the engine recorded lead by lead is what the policy's SQL decides of the whole population."""

import json

import polars as pl
import pytest

from core.decisions.engine import decide
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.policy import parser, sql
from tests.decisions.conftest import AS_OF, lead_id

DAY = 86_400_000_000


@pytest.fixture
def deciders(feature_set, model, policy):
    return {"feature_set": feature_set, "model": model, "policy": policy, "arm": "trial", "actor": "ana"}


def test_the_records_agree_with_the_policys_sql(store, deciders, policy):
    decide(store, population(store, as_of=AS_OF, every_us=5 * DAY, last_us=20 * DAY).spine, **deciders)
    decisions = DecisionStore(store)
    records = [decisions.get(one) for one in decisions.all_ids()]
    rows = [{"decision_id": one.decision_id, **one.inputs} for one in records]
    casts = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in sql.column_types(policy).items())
    with store.scratch() as cursor:
        cursor.load("given", pl.DataFrame(rows, infer_schema_length=None))
        cursor.execute(f"CREATE TEMP TABLE leads_in AS SELECT decision_id, {casts} FROM given")
        found = cursor.read(sql.render(policy, "leads_in", ["decision_id"]))
    by_id = {row["decision_id"]: row for row in found.iter_rows(named=True)}
    for one in records:
        row = by_id[one.decision_id]
        for name in ("disposition", "band", "priority", "next_state", "pool", "sla_min", "action"):
            assert row[name] == getattr(one, name), (one.decision_id, name)
        assert json.loads(row["reasons"]) == [dict(reason) for reason in one.reasons]


def test_a_personal_attribute_is_never_an_input(store):
    with store.change("signals", "signals.changed", "test") as change:
        change.execute("UPDATE attribute_types SET personal = TRUE WHERE name = 'region'")
    assert DecisionStore(store).attributes_for(["region", "employees"]) == {"employees": ("employees", "number")}


def test_a_required_field_that_nobody_knows_holds_the_lead(store, deciders, policy):
    text = policy.text.replace("  forbidden:", "    budget: {type: int, required: true, typical: 1}\n  forbidden:", 1)
    demanding = parser.load(text, "demanding.yaml")
    batch = decide(store, population(store, as_of=AS_OF).spine, **{**deciders, "policy": demanding})
    assert batch.dispositions == {"HOLD": 180} and batch.pools == {"q.data_quality": 180} and batch.bands == {}
    record = DecisionStore(store).of(lead_id(1))
    assert dict(record.errors[0]) == {"where": "inputs.budget", "code": "missing"}
    assert record.propensities == {} and record.action is None
