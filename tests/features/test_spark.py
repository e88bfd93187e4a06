"""The statement in Spark's dialect: what it looks like, and that Spark gives the same values."""

import shutil
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from core.features import spark
from core.features.compiler import compile
from core.features.engine import build
from core.features.errors import NotPortable
from core.features.parser import read
from core.features.spine import spine_rows
from core.features.statistics import measured
from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.signals.service import Signals

CLOCK = FixedClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
TABLES = ("events", "event_kinds", "leads", "lead_merges", "lead_accounts", "accounts", "attributes")
SET = """schema: leadbench/features/v1
name: everything
features:
  - {name: visits, aggregate: count, where: "type = 'visit'", window: 7d}
  - {name: long_visits, aggregate: count, where: "type = 'visit' AND seconds >= 60", window: 30d}
  - {name: any, aggregate: exists, where: "source = 'crm'"}
  - {name: total, aggregate: sum, of: seconds}
  - {name: mean, aggregate: mean, of: seconds, window: 30d}
  - {name: least, aggregate: min, of: seconds}
  - {name: pages, aggregate: distinct, of: page}
  - {name: days, aggregate: active_days, window: 90d}
  - {name: recency, aggregate: days_since_last}
  - {name: latest, aggregate: last, of: page}
  - {name: fading, aggregate: decayed_sum, of: seconds, half_life: 7d}
  - {name: pace, aggregate: velocity, window: 7d, against: 21d}
  - {name: rhythm, aggregate: gap_mean, window: 30d}
  - {name: portion, aggregate: share, where: "type = 'visit'"}
  - {name: answered, aggregate: followed_by, where: "type = 'visit'", then: "type = 'call'", within: 3d}
  - {name: colleagues, scope: account_others, aggregate: distinct, of: lead_id, window: 30d}
"""
FEATURES = read(SET, "everything.yaml")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spark")
    row = pl.int_range(400)
    pl.select(row.alias("n")).select(
        event_id=pl.format("e{}", "n"), lead_id=pl.format("l{}", pl.col("n") * 7 % 30),
        account_id=pl.format("a{}", pl.col("n") * 7 % 30 // 3),
        source=pl.when(pl.col("n") % 5 == 0).then(pl.lit("crm")).otherwise(pl.lit("web")),
        type=pl.when(pl.col("n") % 3 == 0).then(pl.lit("call")).otherwise(pl.lit("visit")),
        occurred_at=pl.datetime(2026, 1, 1) + pl.duration(hours=pl.col("n") * 5 % 1900),
        received_at=pl.datetime(2026, 1, 1) + pl.duration(hours=pl.col("n") * 5 % 1900 + pl.col("n") % 40),
        seconds=(pl.col("n") * 37 % 900) / 10, page=pl.format("/p{}", pl.col("n") % 9),
    ).write_parquet(folder / "events.parquet")  # fmt: skip
    with Database.open(folder / "store", CLOCK) as database:
        Signals(database).import_events(folder / "events.parquet", actor="ana")
        Signals(database).compact(actor="ana")
        yield database


@pytest.fixture(scope="module")
def spine():
    row = pl.int_range(90)
    return pl.select(row.alias("n")).select(
        lead_id=pl.format("l{}", pl.col("n") % 31),
        as_of=pl.datetime(2026, 1, 10) + pl.duration(days=pl.col("n") * 7 % 80),
    )


def test_the_statement_has_no_word_that_spark_does_not_know(store):
    text = spark.spark_statement(store, FEATURES)
    assert "UNIX_MICROS(CAST(e.occurred_at AS TIMESTAMP))" in text
    assert not any(word in text for word in ("MATERIALIZED", "EPOCH_US", "REPLACE", "INT128", " ERROR(", "ENUM"))


def test_a_property_that_is_read_as_json_is_refused_by_name(store):
    odd = read(SET.split("  - ")[0] + "  - {name: odd, aggregate: last, of: properties.deep.tier}\n", "odd.yaml")
    with pytest.raises(NotPortable, match=r"/deep\.tier") as refusal:
        spark.spark_statement(store, odd)
    assert "compact" in refusal.value.remedy


def test_spark_gives_the_values_of_the_batch(store, spine, tmp_path):
    pyspark = pytest.importorskip("pyspark.sql", reason="pyspark is not installed (extra `spark`)")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, and there is no `java` here")
    with store.scratch() as cursor:
        typed, statistics = measured(cursor, FEATURES)
        text = spark.translated(compile(typed, statistics), "everything")
        cursor.load("spine_in", spine_rows(typed, spine))
        cursor.read(
            "SELECT row_no, lead_no, epoch_us(as_of) AS a, epoch_us(known_at) AS known FROM spine_in"
            " LEFT JOIN leads USING (lead_id)"
        ).write_parquet(tmp_path / "spine_rows.parquet")
        for name in TABLES:
            cursor.read(f"SELECT * FROM {name}").write_parquet(tmp_path / f"{name}.parquet")
    builder: Any = pyspark.SparkSession.builder
    session = (
        builder.master("local[1]").config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1").getOrCreate()
    )  # fmt: skip
    try:
        for name in (*TABLES, "spine_rows"):
            session.read.parquet(str(tmp_path / f"{name}.parquet")).createOrReplaceTempView(name)
        made = pl.DataFrame(session.sql(text).toArrow()).sort("row_no").drop("row_no")
    finally:
        session.stop()
    want = build(store, FEATURES, spine).select(FEATURES.feature_names)
    for name in FEATURES.feature_names:
        same = made[name].cast(want[name].dtype)
        assert same.equals(want[name]) or (name == "fading" and ((same - want[name]).abs() < 1e-9).all()), name
