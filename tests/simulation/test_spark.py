"""Spark decides every lead as the evaluator does, where it is installed; else it is refused with what is missing."""

import json
import shutil
import sys
from random import Random

import polars as pl
import pytest

from core.policy import parser, sql
from core.simulation import on_spark
from core.simulation.errors import SparkMissing
from core.simulation.population import decide_all
from tests.policy import generated
from tests.policy.conftest import CASES

TYPES = {"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "BOOLEAN": pl.Boolean, "VARCHAR": pl.String}


def frame(policy, leads):
    kinds = sql.column_types(policy)
    return pl.DataFrame(
        {name: pl.Series([lead[name] for lead in leads], dtype=TYPES[kind]) for name, kind in kinds.items()}
    )


@pytest.fixture(scope="module")
def spark():
    sessions = pytest.importorskip("pyspark.sql", reason="pyspark is not installed (extra `spark`)")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, and there is no `java` here")
    with on_spark._session() as session:
        assert sessions.SparkSession.getActiveSession() is session
        yield session


def same(policy, leads):
    given = frame(policy, leads)
    ours, theirs = (decide_all(policy, given, engine) for engine in ("python", "spark"))
    for lead, one, other in zip(leads, ours.to_dicts(), theirs.select(ours.columns).to_dicts(), strict=True):
        read = [{**row, **{name: json.loads(row[name]) for name in ("reasons", "errors")}} for row in (one, other)]
        assert read[0] == read[1], lead


@pytest.mark.parametrize("seed", range(8))
def test_spark_decides_random_leads_by_random_policies_as_the_evaluator_does(spark, seed):
    rng = Random(seed)
    policy = generated.policy(rng)
    same(policy, generated.leads(rng, policy, 60))


@pytest.mark.parametrize("name", ["example", "abm"])
def test_spark_decides_by_real_policies_as_the_evaluator_does(spark, name):
    policy = parser.load((CASES / f"{name}.yaml").read_text(), f"{name}.yaml")
    same(policy, generated.leads(Random(2), policy, 200))


def test_without_spark_it_is_refused_with_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    policy = parser.load((CASES / "plg.yaml").read_text(), "plg.yaml")
    with pytest.raises(SparkMissing, match="pyspark"):
        decide_all(policy, frame(policy, []), "spark")
