"""The search for settings: later leads judge, the same seed finds the same, and noise changes nothing."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from core.models.encoding import FeatureInfo
from core.models.training import TrainConfig, train
from core.models.tuning import folds, tune

START = datetime(2026, 1, 1)
INFOS = tuple(FeatureInfo(name, "number", "engagement", name) for name in ("x", "z", "noise"))
POOR = TrainConfig(trees=9, learning_rate=0.02, leaves=4, smallest_leaf=120, shrinkage=200.0)


def rows(leads=600, dated=True, informative=True, landmarks=2):
    """Two rows a lead: the label follows x and z together, or nothing at all."""
    rng = np.random.default_rng(11)
    x, z = rng.normal(size=leads), rng.normal(size=leads)
    odds = 2.5 * x * (z > 0) - 1.5 * x * (z <= 0) if informative else np.zeros(leads)
    y = (rng.random(leads) < 1 / (1 + np.exp(-odds))).astype(int)
    made = []
    for lead in range(leads):
        born = START + timedelta(hours=6 * lead) if dated else None
        for mark in range(landmarks):
            seen = None if born is None else born + timedelta(days=mark)
            known = None if born is None else born + timedelta(days=5)
            made.append(
                (f"l{lead:04}", seen, str(mark), born, None, int(y[lead]), known, x[lead], z[lead], rng.normal())
            )
    names = ["lead_id", "as_of", "landmark", "created_at", "created_order", "y", "label_known_at", "x", "z", "noise"]
    kinds = {"created_at": pl.Datetime("us"), "label_known_at": pl.Datetime("us"), "created_order": pl.Int64}
    frame = pl.DataFrame(made, schema=names, schema_overrides=kinds, orient="row")
    part = pl.when(pl.col("lead_id") < "l0450").then(pl.lit("train")).when(pl.col("lead_id") < "l0520")
    return frame.with_columns(part.then(pl.lit("calibration")).otherwise(pl.lit("test")).alias("part"))


def nothing(done, text):
    pass


def test_a_fold_trains_on_earlier_leads_with_labels_known_by_then_and_ranks_later_ones():
    made = folds(rows().filter(pl.col("part") == "train"), 7)
    assert len(made) == 4
    for earlier, later in made:
        cut = later["created_at"].min()
        assert earlier["created_at"].max() < cut and earlier["label_known_at"].max() < cut
        assert not set(earlier["lead_id"]) & set(later["lead_id"])
    heights = [earlier.height for earlier, _ in made]
    assert heights == sorted(set(heights))


def test_leads_without_dates_are_kept_together_in_an_order_of_the_seed():
    fitted = rows(dated=False).filter(pl.col("part") == "train")
    made = folds(fitted, 7)
    assert len(made) == 4
    assert all(not set(earlier["lead_id"]) & set(later["lead_id"]) for earlier, later in made)
    assert [set(part["lead_id"]) for _, part in made] == [set(part["lead_id"]) for _, part in folds(fitted, 7)]
    assert [set(part["lead_id"]) for _, part in made] != [set(part["lead_id"]) for _, part in folds(fitted, 8)]


def test_a_search_finds_better_settings_than_poor_ones_and_the_same_again():
    frame = rows()
    found = tune(frame, INFOS, POOR, 12, nothing)
    assert found.is_changed and found.auc_best > found.auc_given
    assert found.config != POOR and found.trials == 12 and found.folds == 4
    assert tune(frame, INFOS, POOR, 12, nothing) == found
    assert set(found.to_json()["settings"]) > {"trees", "learning_rate", "leaves"}


def test_rows_outside_the_training_part_change_nothing():
    frame = rows()
    other = frame.with_columns(y=pl.when(pl.col("part") == "train").then("y").otherwise(1 - pl.col("y")))
    assert tune(frame, INFOS, POOR, 4, nothing) == tune(other, INFOS, POOR, 4, nothing)


def test_where_there_is_nothing_to_learn_the_given_settings_stay():
    frame = rows(informative=False)
    found = tune(frame, INFOS, TrainConfig(trees=20), 5, nothing)
    if not found.is_changed:
        assert found.config == TrainConfig(trees=20)
    assert abs(found.auc_given - 0.5) < 0.1


def test_too_few_leads_of_a_class_are_not_searched_on():
    found = tune(rows(leads=60), INFOS, POOR, 5, nothing)
    assert (found.trials, found.is_changed, found.config) == (0, False, POOR)


def test_the_settings_found_train_a_model_that_says_so():
    found = tune(rows(), INFOS, POOR, 12, nothing)
    model = train(rows(), INFOS, found.config).model
    told = model.facts["train"]
    assert told["trees"] == found.config.trees and told["smallest_leaf"] == found.config.smallest_leaf
