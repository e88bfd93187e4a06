"""Drift on a large frame beside plain Evidently on the same frame (`make bench`): time, and the same verdicts."""

import os
import time

import numpy as np
import polars as pl
import pytest

from core.monitoring.drift import Column, compare
from core.monitoring.report import DriftSpec

pytestmark = pytest.mark.bench
ROWS = {"small": 100_000, "full": 1_000_000}
COLUMNS = 40
BORDER = 0.5
"""A statistic within half of a threshold either way is borderline: a sample may fall on the other side."""


def side(seed: int, rows: int, shift: float) -> pl.DataFrame:
    """30 numeric and 10 categorical columns; every fifth one drifts, the more the later it stands."""
    chance, columns = np.random.default_rng(seed), {}
    for place in range(COLUMNS):
        moved = shift * place / COLUMNS if place % 5 == 0 else 0.0
        if place % 4 == 3:
            weights = np.arange(8, 0, -1) ** (1.0 + moved)
            columns[f"c{place}"] = chance.choice([f"level {one}" for one in range(8)], rows, p=weights / weights.sum())
        else:
            columns[f"n{place}"] = chance.normal(moved, 1.0, rows)
    return pl.DataFrame({"lead_id": np.arange(rows)} | columns)


def plain_evidently(reference: pl.DataFrame, current: pl.DataFrame) -> dict[str, float]:
    """Every column's stability index by Evidently on the whole frames, as its own documentation does it."""
    os.environ["ITERATIVE_DO_NOT_TRACK"] = "1"
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    names = [name for name in reference.columns if name != "lead_id"]
    definition = DataDefinition(
        numerical_columns=[name for name in names if name[0] == "n"],
        categorical_columns=[name for name in names if name[0] == "c"],
    )
    sides = [
        Dataset.from_pandas(one.select(names).to_pandas(), data_definition=definition) for one in (reference, current)
    ]
    snapshot = Report([DataDriftPreset(method="psi")]).run(sides[1], sides[0])
    found = {}
    for metric in snapshot.dict()["metrics"]:
        config = metric["config"]
        if "column" in config:
            found[config["column"]] = float(metric["value"])
    return found


def test_a_sample_says_what_the_whole_frame_says_in_a_tenth_of_the_time(capsys):
    rows = ROWS[os.environ.get("LEADBENCH_BENCH_SIZE", "small")]
    reference, current = side(1, rows, 0.0), side(2, rows, 2.0)
    columns = [Column(name, name, name[0] == "c") for name in reference.columns if name != "lead_id"]
    spec = DriftSpec()
    compare(reference.head(500), current.head(500), columns[:2], spec)
    began = time.process_time()
    ours = {one.name: one for one in compare(reference, current, columns, spec).features}
    between = time.process_time()
    theirs = plain_evidently(reference, current)
    ended = time.process_time()
    clear = {name: value for name, value in theirs.items() if not spec.floor * BORDER < value < spec.floor / BORDER}
    same = [name for name, value in clear.items() if (ours[name].verdict == "drift") == (value > spec.floor)]
    drifted = sum(value > spec.floor for value in theirs.values()), sum(o.verdict == "drift" for o in ours.values())
    share = (between - began) / (ended - between)
    with capsys.disabled():
        print(
            f"\n{rows:,} x {COLUMNS}: leadbench {between - began:.1f} s on {spec.sample:,} a side, "
            f"plain Evidently {ended - between:.1f} s ({share:.3f} of it; bar 0.1 at 1,000,000); "
            f"drifted {drifted[1]} against {drifted[0]}; same verdict on {len(same)} of {len(clear)} that are not "
            f"borderline, {len(theirs) - len(clear)} are"
        )
    assert len(theirs) == COLUMNS and same == list(clear)
    assert drifted[0] > 3
    if rows >= ROWS["full"]:
        assert share < 0.1
