"""Scores leads by an exported leadbench model: needs lightgbm, numpy and pandas, nothing of leadbench.

MLflow's python_function flavour loads it (`_load_pyfunc`); by hand: `load("FOLDER").predict(frame)`. The answer is one
calibrated probability a row. Before anything is loaded, the files are held against the hash of the model: a folder in
which one byte was changed is refused.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

BOOSTER, DOCUMENT, HASHES = "model.lgb", "leadbench.json", "leadbench_hashes.json"
SEGMENT = "segment_{}.lgb"


class ModelFolderDamaged(ValueError):
    """A file of the folder is not the one that was exported."""


class Scorer:
    """A model of a folder: `predict` takes a pandas frame with the features as columns.

    `own` are the boosters of the levels that have trees of their own, in the order of the document.
    """

    def __init__(self, booster: Any, document: "dict[str, Any]", own: "list[Any]") -> None:
        self.booster, self.document, self.own = booster, document, own

    def predict(self, frame: Any, params: "dict[str, Any] | None" = None) -> Any:
        """The calibrated probability of each row; raises KeyError for a missing feature column."""
        columns = [self._encoded(frame[one["name"]], one) for one in self.document["features"]]
        inputs = np.column_stack(columns)
        found = probability(self.booster, inputs, self.document["calibration"])
        for booster, one in zip(self.own, self._levels(), strict=True):
            rows = inputs[:, self._place()] == one["code"]
            if rows.any():
                found[rows] = probability(booster, inputs[rows], one["calibration"])
        return found

    def _place(self) -> int:
        """Which column tells the segment."""
        return [one["name"] for one in self.document["features"]].index(self.document["segments"]["by"])

    def _levels(self) -> "list[dict[str, Any]]":
        """The levels with trees of their own, with their codes."""
        segments = self.document.get("segments")
        if segments is None:
            return []
        levels = self.document["categories"][segments["by"]]
        return [{**one, "code": float(levels.index(one["level"]))} for one in segments["own"]]

    def _encoded(self, column: Any, feature: "dict[str, Any]") -> Any:
        if feature["dtype"] == "category":
            codes = {level: float(code) for code, level in enumerate(self.document["categories"][feature["name"]])}
            return np.array([codes.get(value, np.nan) if isinstance(value, str) else np.nan for value in column])
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)


def probability(booster: Any, inputs: Any, calibration: "dict[str, Any]") -> Any:
    """The calibrated probability of each row by one booster."""
    return calibrated(np.asarray(booster.predict(inputs, raw_score=True, num_threads=1)), calibration)


def calibrated(margin: Any, calibration: "dict[str, Any]") -> Any:
    """Margins as probabilities: a sigmoid, or a line through knots with sigmoid tails."""
    slope, knots, values = calibration["slope"], calibration["knots"], calibration["values"]
    if not knots:
        return sigmoid(slope * margin + calibration["offset"])
    below = sigmoid(np.log(values[0] / (1 - values[0])) + slope * (margin - knots[0]))
    above = sigmoid(np.log(values[-1] / (1 - values[-1])) + slope * (margin - knots[-1]))
    inside = np.interp(margin, knots, values)
    return np.where(margin < knots[0], below, np.where(margin > knots[-1], above, inside))


def sigmoid(z: Any) -> Any:
    """1 / (1 + exp(-z)) without overflow."""
    tail = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, tail) / (1.0 + tail)


def load(folder: "str | Path") -> Scorer:
    """The model of a folder; raises ModelFolderDamaged."""
    import lightgbm

    root = Path(folder)
    for name, expected in json.loads((root / HASHES).read_text(encoding="utf-8")).items():
        found = hashlib.sha256((root / name).read_bytes()).hexdigest()
        if found != expected:
            raise ModelFolderDamaged(f"{name} has hash {found} but was exported with {expected}.")
    document = json.loads((root / DOCUMENT).read_text(encoding="utf-8"))
    count = len((document.get("segments") or {"own": ()})["own"])
    names = [BOOSTER, *(SEGMENT.format(number + 1) for number in range(count))]
    first, *own = (lightgbm.Booster(model_file=str(root / name)) for name in names)
    return Scorer(first, document, own)


def _load_pyfunc(path: str) -> Scorer:
    """What MLflow calls with the folder's `data` path."""
    return load(path)
