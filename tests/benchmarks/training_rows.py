"""Training on very many rows, as a process of its own: `python -m tests.benchmarks.training_rows ROWS`.

It makes a frame of so many rows with 60 features and hands it to the training worker as `leadbench train` does.
"""

import sys
from datetime import UTC, datetime

import numpy as np
import polars as pl

from core.kernel.workers import run_in_worker
from core.models.encoding import FeatureInfo
from core.models.training import TrainConfig
from core.recipes import learning
from core.recipes.learning import Task

COUNTS, NUMBERS, BOOLEANS, CATEGORIES = 25, 20, 10, 5
PARTS, SHARES = ("train", "calibration", "test"), (0.6, 0.15, 0.25)
END = datetime(2026, 11, 1, tzinfo=UTC)


def infos() -> tuple[FeatureInfo, ...]:
    """The 60 features: counts, numbers with missing values, booleans, categories."""
    kinds = (("count", COUNTS), ("number", NUMBERS), ("boolean", BOOLEANS), ("category", CATEGORIES))
    return tuple(
        FeatureInfo(f"{kind}_{place}", kind, "fit" if kind == "category" else "engagement", f"{kind} {place}")
        for kind, many in kinds
        for place in range(many)
    )


def frame(rows: int, seed: int = 7) -> pl.DataFrame:
    """Rows with lead_id (two a lead), landmark, y, part, times and the features."""
    chance = np.random.default_rng(seed)
    columns = {one.name: _values(chance, one.dtype, rows) for one in infos()}
    pull = 0.4 * columns["count_0"].to_numpy() + 0.9 * columns["boolean_0"].to_numpy() - 3.2
    leads, born = np.arange(rows) // 2, END.replace(tzinfo=None)
    return pl.DataFrame(
        {
            "lead_id": pl.Series(leads).cast(pl.String),
            "landmark": np.where(np.arange(rows) % 2, "7d", "1d"),
            "as_of": pl.Series([born] * rows, dtype=pl.Datetime("us")),
            "created_at": pl.Series([born] * rows, dtype=pl.Datetime("us")),
            "label_known_at": pl.Series([born] * rows, dtype=pl.Datetime("us")),
            "y": (chance.random(rows) < 1 / (1 + np.exp(-pull))).astype(np.int8),
            "part": _parts(np.arange(rows) / rows),
            **columns,
        }
    )


def _values(chance: np.random.Generator, kind: str, rows: int) -> pl.Series:
    if kind == "count":
        return pl.Series(chance.poisson(2.0, rows))
    if kind == "boolean":
        return pl.Series(chance.random(rows) < 0.2)
    if kind == "category":
        return pl.Series(np.array([f"level {one}" for one in range(8)])[chance.integers(0, 8, rows)])
    values = chance.lognormal(1.0, 1.0, rows)
    return pl.Series(np.where(chance.random(rows) < 0.1, np.nan, values)).fill_nan(None)


def _parts(place: np.ndarray) -> np.ndarray:
    return np.array(PARTS)[np.searchsorted(np.cumsum(SHARES), place, side="right").clip(0, len(PARTS) - 1)]


def main(rows: int) -> None:
    """Train on the frame in a worker, with every figure, comparison and challenger of a usual training."""
    made = frame(rows)
    shuffled = pl.Series("part", _parts(np.random.default_rng(8).random(rows)))
    task = Task(
        made, infos(), TrainConfig(), "sha256:bench", {}, "time", shuffled, None, "number_0", observed_until=END
    )
    learned = run_in_worker(learning.learn, task, progress=lambda _, text: sys.stderr.write(f"{text}\n") and None)
    sys.stderr.write(f"AUC {learned.metrics['auc']}, {learned.model.trees} trees\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
