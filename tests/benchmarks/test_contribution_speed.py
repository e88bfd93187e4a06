"""Contributions: many rows against LightGBM's `pred_contrib`, and a page of leads (`make bench`)."""

import os
import time
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from core.models.attributing import compiled_contributions
from core.models.encoding import FeatureInfo, matrix
from core.models.scoring import contributions, score_with_points
from core.models.training import TrainConfig, train

pytestmark = pytest.mark.bench
ROWS = 100_000 if os.environ.get("LEADBENCH_BENCH_SIZE") == "full" else 20_000
FEATURES, TRAINED, COMPARED = 50, 6_000, 2_000


def least(work: Callable[[], object], times: int = 5) -> float:
    found = []
    for _ in range(times):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def population(rows: int) -> pl.DataFrame:
    chance = np.random.default_rng(5)
    words = np.array([f"word {number}" for number in range(12)])
    columns = {f"f{place}": chance.poisson(3, rows) for place in range(FEATURES - 4)}
    columns |= {f"w{place}": words[chance.integers(0, 12, rows)] for place in range(4)}
    pull = sum(0.3 * columns[f"f{place}"] * (place % 3 - 1) for place in range(12)) + (columns["w0"] == "word 3")
    y = chance.random(rows) < 1 / (1 + np.exp(-pull))
    part = np.where(np.arange(rows) % 5 == 0, "calibration", "train")
    return pl.DataFrame({"lead_id": np.arange(rows).astype(str), "y": y.astype(np.int8), "part": part, **columns})


def test_contributions_of_many_rows_and_of_a_page():
    frame = population(max(ROWS, TRAINED))
    infos = [
        FeatureInfo(name, "category" if name.startswith("w") else "count", "engagement", name)
        for name in frame.columns[3:]
    ]
    model = train(frame.head(TRAINED), infos, TrainConfig(trees=300, leaves=31)).model
    inputs = matrix(frame.head(ROWS), model.features, model.categories)
    compiled_contributions(model.booster, inputs[:600])
    told = contributions(model.booster, inputs[:COMPARED])[0]
    found = compiled_contributions(model.booster, inputs)
    apart = np.abs(found[:COMPARED].sum(axis=1) - told.sum(axis=1)).max()
    fast = least(lambda: compiled_contributions(model.booster, inputs), 3) / len(inputs)
    slow = least(lambda: contributions(model.booster, inputs[:COMPARED]), 3) / COMPARED
    page = least(lambda: score_with_points(model, frame.head(50)))
    print(
        f"\ncontributions of {len(inputs):,} rows x {FEATURES} features, {model.trees} trees: {1e3 * fast:.3f} ms "
        f"a row, LightGBM {1e3 * slow:.3f}: {slow / fast:.1f} times faster, apart by {apart:.1e}; "
        f"50 leads {1e3 * page:.1f} ms"
    )
    assert apart < 1e-4
    assert slow / fast >= 3
    assert page < 0.1
