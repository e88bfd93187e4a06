"""A model as ONNX: the same probabilities as the model's own, whatever the calibration and the values."""

import dataclasses
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from core.exports import onnx_folder
from core.exports.errors import FolderExists, OnnxDiffers, OnnxMissing
from core.exports.onnx_graph import serialized
from core.models.calibration import Calibration
from core.models.encoding import FeatureInfo
from core.models.model import Fitted, Segments
from core.models.scoring import probabilities
from core.models.store import ModelVersion
from core.models.training import TrainConfig, train
from tests.models.samples import FEATURES, synthetic

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
CALIBRATIONS = {
    "none": Calibration("none"),
    "sigmoid": Calibration("sigmoid", 0.8, -0.3),
    "isotonic": Calibration("isotonic", 1.1, 0.0, (-2.0, -1.9999, 0.1, 1.5), (0.02, 0.2, 0.5, 0.9)),
    "one knot": Calibration("isotonic", 1.1, 0.0, (0.2,), (0.4,)),
}


@pytest.fixture(scope="module")
def trained():
    return train(synthetic(), FEATURES, TrainConfig(trees=30), feature_set_hash="sha256:f").model


@pytest.fixture(scope="module")
def version(trained):
    at = datetime(2026, 5, 4, tzinfo=UTC)
    return ModelVersion("3", trained.model_hash, "sha256:f", "demo", 30, len(FEATURES), {}, {}, at, "ana")


def odd_rows():
    frame = synthetic(300, seed=9).select(one.name for one in FEATURES)
    strange = frame.head(4).with_columns(
        industry=pl.Series(["never seen", None, "", "(other)"], dtype=pl.String),
        days_since_last=pl.Series([None, float("inf"), 0.0, float("nan")], dtype=pl.Float64),
        employees=pl.Series([float("-inf"), float("nan"), 0.0, 1e300]),
        asked_demo=pl.Series([None, True, False, None], dtype=pl.Boolean),
    )
    return pl.concat([frame, strange])


@pytest.mark.parametrize("name", list(CALIBRATIONS))
def test_the_graph_gives_the_calibrated_probability(trained, name):
    model, frame = dataclasses.replace(trained, calibration=CALIBRATIONS[name]), odd_rows()
    assert "cat_boundaries" in model.booster
    found = onnx_folder.scored(serialized(model, {}), frame, model)
    assert found == pytest.approx(probabilities(model, frame), abs=1e-9)


def test_trees_of_segments_are_in_the_graph_whole(trained):
    own = {
        "software": Fitted(trained.booster, 0.0, CALIBRATIONS["isotonic"]),
        "mining": Fitted("tree", 0.0, CALIBRATIONS["none"]),
    }
    model, frame = dataclasses.replace(trained, segments=Segments("industry", own)), odd_rows()
    found = onnx_folder.scored(serialized(model, {}), frame, model)
    parent = probabilities(trained, frame)
    apart = np.abs(found - parent) > 1e-3
    assert apart.any() and set(frame.filter(pl.Series(apart))["industry"]) <= {"software", "mining"}
    few = frame.filter(pl.col("industry").is_null() | (pl.col("industry") != "mining"))
    assert onnx_folder.scored(serialized(model, {}), few, model) == pytest.approx(probabilities(model, few), abs=1e-9)


def test_the_graph_is_checked_around_the_thresholds_of_segments_too(trained, version, tmp_path, monkeypatch):
    few = train(synthetic(), FEATURES, TrainConfig(trees=1), feature_set_hash="sha256:f").model
    own = Segments("industry", {"software": Fitted(trained.booster, 0.0, CALIBRATIONS["none"])})
    checked = []
    monkeypatch.setattr(
        onnx_folder, "scored", lambda graph, frame, model: checked.append(frame) or probabilities(model, frame)
    )
    onnx_folder.write(version, few, tmp_path / "parent")
    onnx_folder.write(version, dataclasses.replace(few, segments=own), tmp_path / "segmented")
    parent, both = (frame["employees"].n_unique() for frame in checked)
    assert both > 2 * parent


def test_trees_of_one_leaf_and_features_without_levels_are_written_too():
    frame = synthetic(400).with_columns(visits=pl.lit(1), place=pl.lit(None, pl.String))
    only = (FeatureInfo("visits", "count", "fit", "Visits"), FeatureInfo("place", "category", "fit", "Place"))
    model = train(frame, only, TrainConfig(trees=2)).model
    found = onnx_folder.scored(serialized(model, {}), frame, model)
    assert found == pytest.approx(probabilities(model, frame), abs=1e-12)


def test_the_folder_is_checked_written_and_named_by_its_model(trained, version, tmp_path):
    told = onnx_folder.write(version, trained, tmp_path / "model")
    assert told["files"] == ["README.md", "input_example.json", "model.onnx"]
    assert told["parity"]["apart"] < 1e-9
    read = onnx.load(tmp_path / "model" / "model.onnx")
    assert {one.key: one.value for one in read.metadata_props}["model_hash"] == trained.model_hash
    assert [one.name for one in read.graph.input] == list(trained.names)
    onnx_folder.write(version, trained, tmp_path / "again")
    assert (tmp_path / "again" / "model.onnx").read_bytes() == (tmp_path / "model" / "model.onnx").read_bytes()
    with pytest.raises(FolderExists):
        onnx_folder.write(version, trained, tmp_path / "model")


def test_a_graph_that_scores_otherwise_is_refused_and_nothing_is_written(trained, version, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_folder, "scored", lambda graph, frame, model: np.full(len(frame), 0.5))
    with pytest.raises(OnnxDiffers, match="Model 3"):
        onnx_folder.write(version, trained, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_it_is_refused_with_what_to_install(trained, version, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_folder, "find_spec", lambda name: None)
    with pytest.raises(OnnxMissing) as refusal:
        onnx_folder.write(version, trained, tmp_path / "model")
    assert "--extra onnx" in str(refusal.value.remedy) and list(tmp_path.iterdir()) == []
