"""Import speed, as a ratio to DuckDB's bare CREATE TABLE AS in one run (`make bench`).

By the clock at a million events, three of each; at ten million (SIZE=full) once, where a bare copy takes half a minute.
"""

import os
import time
from datetime import datetime, timedelta

import duckdb
import polars as pl
import pytest

from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.signals.service import Signals

pytestmark = pytest.mark.bench
SIZE = os.environ.get("LEADBENCH_BENCH_SIZE", "small")
EVENTS, ROUNDS, MOST = {"small": (1_000_000, 3, 8.0), "full": (10_000_000, 1, 6.0)}[SIZE]


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "events.parquet"
    row = pl.int_range(EVENTS)
    started = datetime(2025, 1, 1)
    pl.select(row.alias("n")).select(
        event_id=pl.format("ev-{}", pl.col("n")),
        lead_id=pl.format("ld-{}", pl.col("n") * 7919 % (EVENTS // 20)),
        source=pl.lit(pl.Series(["web", "mobile", "crm", "product"])).gather(pl.col("n") * 31 % 4),
        type=pl.format("type_{}", pl.col("n") * 17 % 25),
        occurred_at=started + pl.duration(seconds=pl.col("n") * 29),
        received_at=started + timedelta(seconds=5) + pl.duration(seconds=pl.col("n") * 29),
        region=pl.when(pl.col("n") % 2 == 0).then(pl.lit("NA")).otherwise(pl.lit("DACH")),
        page=pl.format("/p{}", pl.col("n") * 13 % 100),
        amount=pl.col("n") * 101 % 1_000,
    ).write_parquet(path)
    return path


def seconds(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def test_a_file_of_events_loads_within_a_few_times_a_bare_copy(parquet, tmp_path):
    def bare(number):
        with duckdb.connect(tmp_path / f"bare-{number}.duckdb", config={"threads": 2}) as connection:
            connection.execute(f"CREATE TABLE events AS SELECT * FROM read_parquet('{parquet}')")

    def load(number):
        with Database.open(tmp_path / f"store-{number}", SystemClock()) as database:
            assert Signals(database).import_events(parquet, actor="bench").accepted == EVENTS

    bares = [seconds(lambda number=number: bare(number)) for number in range(ROUNDS)]
    loads = [seconds(lambda number=number: load(number)) for number in range(ROUNDS)]
    ratio = min(loads) / min(bares)
    print(f"{EVENTS:,} events: import {min(loads):.2f} s, bare {min(bares):.2f} s, ratio {ratio:.1f}")
    assert ratio <= MOST
