from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from core.models.encoding import FeatureInfo
from core.models.errors import ColumnsMissing, FeatureTypeInvalid, ModelDamaged, MonotoneUnfit, ThinData
from core.models.model import load
from core.models.scoring import probabilities, score
from core.models.training import TrainConfig, train
from tests.models.samples import FEATURES, synthetic

SHORT = TrainConfig(trees=20, learning_rate=0.1)


def test_threads_and_a_second_run_change_nothing(frame):
    one = train(frame, FEATURES, TrainConfig(trees=20, threads=1)).model
    two = train(frame, FEATURES, TrainConfig(trees=20, threads=2)).model
    assert one.model_hash == two.model_hash


def test_another_seed_is_another_model(frame):
    hashes = {train(frame, FEATURES, TrainConfig(trees=20, seed=seed)).model.model_hash for seed in (1, 2)}
    assert len(hashes) == 2


def test_twelve_positives_are_refused_with_the_counts(frame):
    thin = pl.concat([frame.filter(pl.col("y") == 1).head(12), frame.filter(pl.col("y") == 0)])
    with pytest.raises(ThinData, match="`12` positive") as refused:
        train(thin, FEATURES, SHORT)
    assert "longer history" in refused.value.remedy


def test_equal_outcomes_are_refused_and_the_mapping_is_pointed_at(frame):
    with pytest.raises(ThinData) as refused:
        train(frame.with_columns(pl.lit(1).alias("y")), FEATURES, SHORT)
    assert "equal" in refused.value.remedy


def test_infinity_counts_as_missing(frame):
    endless = frame.with_columns(pl.lit(float("inf")).alias("employees"))
    missing = frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("employees"))
    assert train(endless, FEATURES, SHORT).model.model_hash == train(missing, FEATURES, SHORT).model.model_hash


def test_a_category_never_seen_is_read_as_missing(model, frame):
    some = frame.head(3)
    strange = probabilities(model, some.with_columns(pl.lit("asteroids").alias("industry")))
    missing = probabilities(model, some.with_columns(pl.lit(None, dtype=pl.String).alias("industry")))
    assert strange.tolist() == missing.tolist()


def test_a_saved_model_scores_the_same_to_the_bit(model, frame, tmp_path):
    model.save(tmp_path)
    again = load(tmp_path, model.model_hash)
    assert again.model_hash == model.model_hash
    assert score(again, frame.head(50)).equals(score(model, frame.head(50)))
    assert {path.name for path in tmp_path.iterdir()} == {"model.txt", "model.json"}


def test_a_changed_model_file_is_noticed(model, tmp_path):
    model.save(tmp_path)
    (tmp_path / "model.txt").write_bytes((tmp_path / "model.txt").read_bytes().replace(b"tree", b"Tree", 1))
    with pytest.raises(ModelDamaged):
        load(tmp_path, model.model_hash)


def test_a_missing_feature_column_is_named(model, frame):
    with pytest.raises(ColumnsMissing, match="`visits`"):
        score(model, frame.drop("visits"))


def test_text_is_never_silently_a_number(model, frame):
    with pytest.raises(FeatureTypeInvalid, match="`employees`"):
        score(model, frame.with_columns(pl.col("employees").cast(pl.String)))


def test_the_probability_is_calibrated_on_rows_that_training_did_not_see():
    frame = synthetic(8000, seed=5)
    model = train(frame, FEATURES, TrainConfig(trees=20, learning_rate=0.1, calibrate="isotonic")).model
    tested = frame.filter(pl.col("part") == "test")
    assert probabilities(model, tested).mean() == pytest.approx(tested["y"].mean(), abs=0.04)


def test_a_score_rises_with_a_feature_that_is_said_to_and_only_with_one_that_has_an_order():
    noisy = synthetic(600, seed=8)
    config = TrainConfig(trees=40, learning_rate=0.2, leaves=15, monotone=(("employees", "decreasing"),))
    bound, free = (train(noisy, FEATURES, one).model for one in (config, replace(config, monotone=())))
    lead = noisy.head(1).drop("employees").join(pl.DataFrame({"employees": np.linspace(1, 90, 200)}), how="cross")
    assert (np.diff(probabilities(bound, lead)) <= 1e-12).all()
    assert (np.diff(probabilities(free, lead)) > 1e-9).any()
    assert bound.facts["train"]["monotone"] == {"employees": "decreasing"} and "monotone" not in free.facts["train"]
    with pytest.raises(MonotoneUnfit, match="employes"):
        train(noisy, FEATURES, replace(config, monotone=(("employes", "decreasing"),)))
    with pytest.raises(MonotoneUnfit, match="industry"):
        train(noisy, FEATURES, replace(config, monotone=(("industry", "increasing"),)))


def test_odd_columns_neither_stop_a_training_nor_a_score():
    """All missing, infinite, the same twice, and a category with a level a row."""
    plain = synthetic(500, seed=6)
    rows = plain.height
    odd = plain.with_columns(
        nothing=pl.lit(None, dtype=pl.Float64),
        endless=pl.Series(np.where(np.arange(rows) % 3 == 0, np.inf, -np.inf)),
        twice=pl.col("visits"),
        levels=pl.Series([f"level {place}" for place in range(rows)]),
    )
    more = [FeatureInfo(name, "number", "engagement", name) for name in ("nothing", "endless", "twice")]
    features = [*FEATURES, *more, FeatureInfo("levels", "category", "fit", "Levels")]
    model = train(odd, features, TrainConfig(trees=10)).model
    assert len(model.categories["levels"]) <= 65
    unseen = odd.head(3).with_columns(levels=pl.lit("never seen"), industry=pl.lit("never seen"))
    assert np.isfinite(probabilities(model, unseen)).all()
    with pytest.raises(ColumnsMissing, match="twice"):
        probabilities(model, odd.drop("twice"))
