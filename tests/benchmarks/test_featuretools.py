"""Rows a second against featuretools' cut-off times on a small sample, in one run (`make bench`); no bar, only told.

featuretools is no dependency, and 1.31 does not run with pandas 3: `uv pip install featuretools "setuptools<81"
"pandas<3"` beforehand, else the test is skipped and says why.
"""

import time

import pandas
import polars as pl
import pytest

from core.features.engine import build
from core.features.parser import read
from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.signals.service import Signals
from tests.benchmarks.test_feature_speed import log, spine

pytestmark = pytest.mark.bench
EVENTS, ROWS = 20_000, 200
SET = """schema: leadbench/features/v1
name: seven
features:
  - {name: events, aggregate: count}
  - {name: amount_sum, aggregate: sum, of: amount}
  - {name: amount_mean, aggregate: mean, of: amount}
  - {name: amount_max, aggregate: max, of: amount}
  - {name: duration_mean, aggregate: mean, of: duration}
  - {name: types, aggregate: distinct, of: type}
  - {name: latest, aggregate: last, of: type}
"""


def test_rows_a_second_against_featuretools(tmp_path):
    featuretools = pytest.importorskip("featuretools", reason="featuretools is not installed", exc_type=ImportError)
    if int(pandas.__version__.split(".")[0]) > 2:
        pytest.skip(f"featuretools does not run with pandas {pandas.__version__}")
    events, rows = log(EVENTS), spine(EVENTS // 50, ROWS).unique(["lead_id"]).sort("as_of")
    events.write_parquet(tmp_path / "events.parquet")
    with Database.open(tmp_path / "store", SystemClock()) as store:
        Signals(store).import_events(tmp_path / "events.parquet", actor="bench")
        feature_set = read(SET, "seven.yaml")
        build(store, feature_set, rows)
        began = time.process_time()
        ours = build(store, feature_set, rows)
        own = time.process_time() - began
    began = time.process_time()
    theirs = _featuretools(featuretools, events, rows)
    taken = time.process_time() - began
    assert ours["events"].sum() == pytest.approx(theirs["COUNT(events)"].sum(), rel=0.1)
    print(f"{rows.height} rows of 7 features: {rows.height / own:,.0f} rows/s of processor, featuretools"
          f" {rows.height / taken:,.0f}; {taken / own:,.0f} times")  # fmt: skip


def _featuretools(featuretools, events: pl.DataFrame, rows: pl.DataFrame):
    """The same aggregates at cut-off times; events count from when they happened, as it knows one time only."""
    columns = events.select("event_id", "lead_id", "type", "amount", "duration", "occurred_at").to_pandas()
    data = featuretools.EntitySet("log")
    data.add_dataframe(
        columns, "events", index="event_id", time_index="occurred_at", logical_types={"type": "Categorical"}
    )
    data.normalize_dataframe("events", "leads", "lead_id")
    times = rows.select("lead_id", time="as_of").to_pandas()
    made, _ = featuretools.dfs(
        entityset=data, target_dataframe_name="leads", cutoff_time=times, trans_primitives=[], max_depth=1,
        agg_primitives=["count", "sum", "mean", "max", "num_unique", "last"],
    )  # fmt: skip
    return made
