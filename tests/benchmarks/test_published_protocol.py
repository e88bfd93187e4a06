"""The published protocol on bpi2012 (last section of the data's README), with leadbench's own features and training.

I. Teinemaa and others, Outcome-oriented predictive process monitoring (ACM TKDD 13(2), 2019). A sample is every
prefix of 1 to 40 events of a case; the first 80 % of the cases train, and only with what had happened before the first
test case began. No setting is chosen on the test cases: they are the ones that every recipe starts with.
"""

import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.features import auto, engine
from core.models.encoding import FeatureInfo
from core.models.metrics import auc_interval
from core.models.ranking import auc
from core.models.training import TrainConfig, margins_of
from core.recipes.reader import read_recipe
from core.workbench import Workbench

pytestmark = pytest.mark.bench

PEER = {"O_ACCEPTED": 0.714, "O_CANCELLED": 0.727, "O_DECLINED": 0.605}
LONGEST = 40
BY_LENGTH = (5, 10, 20, 30)
FEATURES = 150
RECIPE = """schema: leadbench/recipe/v1
name: published
sources:
  events:
    - path: events.csv
      map: {lead_id: case_id, type: step, occurred_at: at, source: {literal: crm}}
      properties: [resource, activity]
  leads: [{path: cases.csv, map: {lead_id: case_id, created_at: REG_DATE}, attributes: [AMOUNT_REQ]}]
label: null
"""


def log_of(folder: Path) -> pl.DataFrame:
    """The events of the cases that end in one of the three offers, each a microsecond later than its place asks for."""
    raw = pl.read_csv(folder / "bpi2012_events.csv.gz", schema_overrides={"case_id": pl.String}).with_row_index("row")
    at = pl.col("ts").str.to_datetime(time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
    events = raw.with_columns(at=at).sort("case_id", "at", "row")
    offers = events.filter(pl.col("activity").str.starts_with("O_"))
    last = offers.group_by("case_id", maintain_order=True).last().select("case_id", last="activity")
    kept = events.join(last.filter(pl.col("last").is_in(list(PEER))), on="case_id", maintain_order="left")
    numbered = kept.with_columns(place=pl.int_range(pl.len()).over("case_id"))
    return numbered.with_columns(
        at=pl.col("at") + pl.duration(microseconds=pl.col("place")),
        step=pl.col("activity") + "+" + pl.col("lifecycle"),
    )


def prefixes(events: pl.DataFrame) -> pl.DataFrame:
    """One row a prefix: lead_id, as_of just after its last event, length, last and part."""
    starts = events.group_by("case_id").agg(pl.col("at").min().alias("start")).sort("start", "case_id")
    cut: datetime = starts["start"][round(0.8 * len(starts))]
    tested = starts.filter(pl.col("start") >= cut)["case_id"].to_list()
    part = pl.when(pl.col("case_id").is_in(tested)).then(pl.lit("test")).otherwise(pl.lit("train"))
    rows = events.filter(pl.col("place") < LONGEST).with_columns(part=part)
    return rows.filter((pl.col("part") == "test") | (pl.col("at") < cut)).select(
        "part", "last", lead_id="case_id", as_of=pl.col("at") + pl.duration(microseconds=1), length=pl.col("place") + 1
    )


def frame_of(events: pl.DataFrame, rows: pl.DataFrame, data: Path, folder: Path):
    """The default features of the training cases at every prefix, built by the store."""
    written = events.with_columns(at=pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    written.select("case_id", "step", "activity", "resource", "at").write_csv(folder / "events.csv")
    cases = pl.read_csv(data / "bpi2012_cases.csv", schema_overrides={"case_id": pl.String})
    known = cases.join(events.select("case_id").unique(), on="case_id", how="semi")
    known.select("case_id", "REG_DATE", "AMOUNT_REQ").write_csv(folder / "cases.csv")
    (folder / "recipe.yaml").write_text(RECIPE)
    with Workbench.open(folder / "store") as bench:
        bench.runner.run(read_recipe(folder / "recipe.yaml"), actor="ana")
        trained = rows.filter(pl.col("part") == "train").select("lead_id").unique()
        chosen = auto.derive(bench.rooms.db, limit=FEATURES, leads=trained)
        frame = engine.build(bench.rooms.db, chosen, rows.select("lead_id", "as_of"))
    infos = [FeatureInfo(one.name, one.dtype, one.role, one.label) for one in chosen.features]  # type: ignore[arg-type]
    length = FeatureInfo("length", "count", "engagement", "Events so far")
    return frame.hstack(rows.select("part", "last", "length")), [*infos, length]


def test_the_published_method_is_passed_on_all_three_tasks(real_data, tmp_path):
    data = real_data / "bpi2012"
    events = log_of(data)
    rows = prefixes(events)
    assert events["case_id"].n_unique() == 4_685
    assert int((rows["part"] == "test").sum()) == 30_637
    frame, features = frame_of(events, rows, data, tmp_path)
    trained, tested = (frame.filter(pl.col("part") == part) for part in ("train", "test"))
    reached = {}
    for task, peer in PEER.items():
        label = (pl.col("last") == task).cast(pl.Int8).alias("y")
        margins = margins_of(trained.with_columns(label), tested.with_columns(label), features, TrainConfig())
        y = (tested["last"] == task).cast(pl.Float64).to_numpy()
        reached[task] = auc(y, margins)
        low, high = auc_interval(y, margins, tested["lead_id"].to_numpy(), 7, 200)
        by_length = [_area(y, margins, (tested["length"] == length).to_numpy()) for length in BY_LENGTH]
        told = " / ".join(f"{area:.3f}" for area in by_length)
        sys.stdout.write(f"\n{task}: {reached[task]:.4f} ({low:.3f} to {high:.3f}), peer {peer}; by length {told}\n")
    assert {task: reached[task] > peer for task, peer in PEER.items()} == dict.fromkeys(PEER, True), reached


def _area(y: np.ndarray, margins: np.ndarray, rows: np.ndarray) -> float:
    return auc(y[rows], margins[rows])
