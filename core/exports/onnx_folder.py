"""A model as an ONNX file with its card, held against the model itself before anything is written."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from core.exports import onnx_graph
from core.exports.errors import OnnxDiffers, OnnxMissing
from core.exports.model_card import card
from core.exports.model_folder import EXAMPLE, example, origin, staged
from core.models.encoding import FeatureInfo
from core.models.model import Model
from core.models.scoring import probabilities
from core.models.store import ModelVersion
from core.models.trees import fields

FILE = "model.onnx"
CHECKED_ROWS = 500
MOST_APART = 1e-5


def is_possible() -> bool:
    """Whether the packages are installed."""
    return all(find_spec(name) for name in ("onnx", "onnxruntime"))


def write(version: ModelVersion, model: Model, out: Path) -> dict[str, Any]:
    """Write the folder, whole or not at all; its path, files, the model's hash, and how far the graph was apart.

    Raises OnnxMissing, OnnxDiffers and FolderExists.
    """
    if not is_possible():
        raise OnnxMissing
    told = {name: str(value) for name, value in origin(version, model).items() if value is not None}
    graph = onnx_graph.serialized(model, told)
    apart = _apart(graph, model)
    if not apart <= MOST_APART:
        raise OnnxDiffers(version.version, apart, MOST_APART)
    with staged(out) as folder:
        (folder / FILE).write_bytes(graph)
        (folder / "README.md").write_text(card(version, model), encoding="utf-8")
        (folder / EXAMPLE).write_text(json.dumps(example(model), ensure_ascii=False), encoding="utf-8")
        files = sorted(path.name for path in folder.iterdir())
    parity = {"rows": CHECKED_ROWS, "apart": apart}
    return {
        "version": version.version, "model_hash": version.model_hash, "out": str(out), "files": files, "parity": parity,
    }  # fmt: skip


def scored(graph: bytes, frame: pl.DataFrame, model: Model) -> np.ndarray:
    """The probabilities that the graph gives the rows of a feature frame."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    fed = {one.name: _fed(frame[one.name], one) for one in model.features}
    return np.asarray(session.run([onnx_graph.OUTPUT], fed)[0])[:, 0]


def _fed(column: pl.Series, feature: FeatureInfo) -> np.ndarray:
    if feature.dtype == "category":
        return column.cast(pl.String).fill_null("").to_numpy().astype(object)[:, None]
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()[:, None]


def _apart(graph: bytes, model: Model) -> float:
    """The largest difference of probability on seeded rows around the model's own thresholds, odd values among them."""
    frame = _rows(model)
    return float(np.abs(scored(graph, frame, model) - probabilities(model, frame)).max())


def _rows(model: Model) -> pl.DataFrame:
    chance, cuts = np.random.default_rng(7), _thresholds(model)
    columns = {}
    for place, one in enumerate(model.features):
        if one.dtype == "category":
            levels = [*model.categories.get(one.name, ()), "never seen", None]
            columns[one.name] = pl.Series([levels[at] for at in chance.integers(0, len(levels), CHECKED_ROWS)])
            continue
        near = np.array(cuts.get(place, [0.0]))
        around = np.concatenate([near, np.nextafter(near, np.inf), near + 0.5, near - 0.5])
        odd = [0.0, -1.0, 1.0, 1e12, float("nan"), float("inf"), float("-inf")]
        columns[one.name] = pl.Series(chance.choice(np.concatenate([around, odd]), CHECKED_ROWS))
    return pl.DataFrame(columns)


def _thresholds(model: Model) -> dict[int, list[float]]:
    """By place of the feature, where the trees of all leads and those of segments split."""
    own = model.segments.own.values() if model.segments else ()
    found: dict[int, list[float]] = {}
    for tree in (tree for booster in (model.booster, *(one.booster for one in own)) for tree in fields(booster)):
        for feature, cut in zip(tree.get("split_feature", []), tree.get("threshold", []), strict=False):
            found.setdefault(int(feature), []).append(float(cut))
    return found
