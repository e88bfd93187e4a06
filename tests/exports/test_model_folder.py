"""An exported model: MLflow loads it, it scores as the store does, and one changed byte is refused."""

import dataclasses
import importlib.util
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from core.exports import model_card
from core.exports.errors import FolderExists
from core.exports.model_folder import LOADER, write
from core.models import calibration, segment_figures
from core.models.encoding import FeatureInfo
from core.models.model import Model
from core.models.scoring import probabilities
from core.models.segmenting import Segmenting
from core.models.store import ModelVersion
from core.models.training import TrainConfig, train
from tests.models.samples import FEATURES, REGIONAL, by_region, synthetic

FACTS = {"label": {"positive": "won", "horizon": "30d"}, "label_hash": "sha256:l", "split": {"by": "time"}}
LINEAGE = {"signals_revision": "sha256:d", "recipe_hash": "sha256:r", "left_out": ["type = 'closed'"]}
FIGURES = {
    "auc": 0.8,
    "rows": 500,
    "leads": 400,
    "ece": 0.02,
    "split": "time",
    "base_rate_train": 0.3,
    "base_rate_test": 0.31,
    "by_landmark": [{"after": "1h", "auc": 0.7, "rows": 100}],
    "intervals": {"auc": {"value": 0.8, "low": 0.78, "high": 0.82}},
    "cautions": ["base_rate_shift"],
}


@pytest.fixture(scope="module")
def trained():
    return train(synthetic(), FEATURES, TrainConfig(trees=20), feature_set_hash="sha256:f", facts=FACTS).model


@pytest.fixture(scope="module")
def version(trained):
    at = datetime(2026, 5, 4, tzinfo=UTC)
    return ModelVersion(
        "3", trained.model_hash, "sha256:f", "demo", trained.trees, len(FEATURES), FIGURES, LINEAGE, at, "ana"
    )


@pytest.fixture(scope="module")
def folder(trained, version, tmp_path_factory):
    out = tmp_path_factory.mktemp("export") / "model"
    told = write(version, trained, out)
    assert {"MLmodel", "README.md", "model.lgb", "input_example.json", "python_env.yaml"} <= set(told["files"])
    return out


def odd_rows():
    """Ordinary rows, and some with a new category, nothing known, and values beyond all bounds."""
    frame = synthetic(60, seed=9).select(one.name for one in FEATURES)
    strange = frame.head(2).with_columns(
        industry=pl.Series(["never seen", None], dtype=pl.String),
        days_since_last=pl.Series([None, float("inf")], dtype=pl.Float64),
        employees=pl.Series([float("-inf"), float("nan")]),
    )
    return pl.concat([frame, strange])


@pytest.fixture(scope="module")
def regional():
    """A model with trees of its own for one region, its version, and rows of every region, a new and a missing one."""
    frame = by_region()
    asked = TrainConfig(trees=60, learning_rate=0.05, segments=Segmenting("region", fewest_rows=200))
    model = train(frame, REGIONAL, asked, feature_set_hash="sha256:f", facts=FACTS).model
    assert model.segments is not None
    tested = frame.filter(pl.col("part") == "test")
    judged = tested.with_columns(probability=pl.Series(probabilities(model, tested)))
    metrics = {**FIGURES, "segments": segment_figures.by_level(model, judged)}
    at = datetime(2026, 5, 4, tzinfo=UTC)
    version = ModelVersion("4", model.model_hash, "sha256:f", "demo", 60, len(REGIONAL), metrics, LINEAGE, at, "ana")
    some = frame.head(90).select(model.names)
    return version, model, pl.concat([some, some.head(2).with_columns(region=pl.Series(["never seen", None]))])


@pytest.fixture(scope="module")
def portable():
    found = importlib.util.spec_from_file_location("portable_model", LOADER)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_mlflow_loads_the_folder_and_its_predict_is_the_calibrated_probability(folder, trained):
    pyfunc = pytest.importorskip("mlflow.pyfunc")
    frame = odd_rows()
    loaded = pyfunc.load_model(str(folder))
    found = np.asarray(loaded.predict(frame.to_pandas()))
    assert found == pytest.approx(probabilities(trained, frame), abs=1e-12)
    inputs = loaded.metadata.signature.inputs.to_dict()
    assert [one["name"] for one in inputs] == list(trained.names)
    example = json.loads((folder / "input_example.json").read_text())
    assert example["columns"] == list(trained.names) and len(example["data"]) == 2
    sys.modules.pop("leadbench_model", None)


def test_a_model_with_trees_of_segments_scores_the_same_without_leadbench(portable, regional, tmp_path):
    version, model, rows = regional
    told = write(version, model, tmp_path / "model")
    assert "segment_1.lgb" in told["files"]
    found = portable.load(tmp_path / "model").predict(rows.to_pandas())
    assert found == pytest.approx(probabilities(model, rows), abs=1e-12)
    assert list(yaml.safe_load((tmp_path / "model" / "MLmodel").read_text())["flavors"]) == ["python_function"]
    card = (tmp_path / "model" / "README.md").read_text()
    assert "- south: its own trees, gain +0.0" in card and "- west: the trees of all leads, too few rows (" in card
    weighted = {"auc": 0.71, "brier": 0.2, "log_loss": 0.6, "ece": 0.02, "base_rate": 0.31, "expected_rate": 0.29}
    counted = model_card.card(dataclasses.replace(version, metrics={**version.metrics, "weighted": weighted}), model)
    assert "worked leads" not in card and "positive rate 31.0% where 29.0% was said" in counted
    (tmp_path / "model" / "segment_1.lgb").write_bytes(model.booster.encode())
    with pytest.raises(portable.ModelFolderDamaged, match="segment_1"):
        portable.load(tmp_path / "model")


def test_mlflow_scores_a_model_with_trees_of_segments_alike(regional, tmp_path):
    pyfunc = pytest.importorskip("mlflow.pyfunc")
    version, model, rows = regional
    write(version, model, tmp_path / "model")
    found = np.asarray(pyfunc.load_model(str(tmp_path / "model")).predict(rows.to_pandas()))
    assert found == pytest.approx(probabilities(model, rows), abs=1e-12)
    sys.modules.pop("leadbench_model", None)


@pytest.mark.parametrize("method", ["none", "sigmoid", "isotonic"])
def test_every_calibration_is_the_same_without_leadbench(portable, method):
    chance = np.random.default_rng(2)
    margin = chance.normal(size=3000)
    y = (chance.random(3000) < 1 / (1 + np.exp(-margin))).astype(float)
    fitted = calibration.fit(margin, y, method)
    told = {"slope": fitted.slope, "offset": fitted.offset, "knots": list(fitted.knots), "values": list(fitted.values)}
    wide = np.linspace(-9, 9, 500)
    assert portable.calibrated(wide, told) == pytest.approx(fitted.probability(wide), abs=1e-15)


@pytest.mark.parametrize("name", ["model.lgb", "leadbench.json", "MLmodel", "README.md", "code/leadbench_model.py"])
def test_one_changed_byte_is_refused(portable, trained, version, tmp_path, name):
    write(version, trained, tmp_path / "model")
    path = tmp_path / "model" / name
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))
    with pytest.raises(portable.ModelFolderDamaged, match=name):
        portable.load(tmp_path / "model")


def test_the_folder_says_what_the_model_was_made_from(folder, trained):
    told = yaml.safe_load((folder / "MLmodel").read_text())
    assert told["metadata"]["model_hash"] == trained.model_hash
    assert (told["metadata"]["label_hash"], told["metadata"]["data_revision"]) == ("sha256:l", "sha256:d")
    assert told["metadata"]["seed"] == 7 and told["metadata"]["feature_set_hash"] == "sha256:f"
    assert "lightgbm==" in (folder / "requirements.txt").read_text()


def test_the_card_has_front_matter_and_measured_limits(folder):
    _, front, body = (folder / "README.md").read_text().split("---\n", 2)
    told = yaml.safe_load(front)
    assert told["library_name"] == "lightgbm"
    assert told["model-index"][0]["results"][0]["metrics"][0] == {"type": "auc", "name": "ROC AUC", "value": 0.8}
    assert "0.7800 to 0.8200" in body and "base rate shift" in body and "type = 'closed'" in body
    assert "ranks worst at 1h (AUC 0.700" in body and "30.0% in training, 31.0%" in body


def test_a_folder_that_holds_something_is_left_alone(trained, version, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine")
    with pytest.raises(FolderExists):
        write(version, trained, tmp_path / "there")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["mine.txt"]


def test_the_same_model_is_written_alike_also_into_the_folder_where_one_is(
    folder, trained, version, tmp_path, monkeypatch
):
    (tmp_path / "again").mkdir()
    monkeypatch.chdir(tmp_path / "again")
    assert write(version, trained, Path())["files"]
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert (tmp_path / "again" / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_a_model_without_categories_is_written_and_read(portable, tmp_path, version):
    only = (FeatureInfo("visits", "count", "engagement", "Visits"),)
    model: Model = train(synthetic(400), only, TrainConfig(trees=3)).model
    write(version, model, tmp_path / "small")
    frame = synthetic(20, seed=4).select("visits")
    assert portable.load(tmp_path / "small").predict(frame.to_pandas()) == pytest.approx(probabilities(model, frame))


def test_pandas_own_missing_values_are_missing(folder, portable, trained):
    frame = odd_rows().with_columns(visits=pl.when(pl.int_range(pl.len()) % 3 > 0).then("visits"))
    told = frame.to_pandas().convert_dtypes()
    assert str(told.dtypes["visits"]) == "Int64" and frame["visits"].null_count() > 0
    assert portable.load(folder).predict(told) == pytest.approx(probabilities(trained, frame), abs=1e-12)
