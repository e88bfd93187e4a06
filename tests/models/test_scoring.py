import numpy as np
import polars as pl
import pytest

from core.models import calibration
from core.models.calibration import Calibration
from core.models.scoring import probabilities, probability_points, score, score_with_points
from core.models.training import TrainConfig, train
from tests.models.samples import FEATURES


def test_base_and_points_sum_to_the_probability(model, frame):
    scores, points = score_with_points(model, frame)
    total = points.base + points.values.sum(axis=1)
    assert np.abs(total - scores["probability"].to_numpy()).max() < 1e-9


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "none"])
def test_points_sum_up_for_every_calibration_even_where_the_margin_does_not_move(method):
    chance = np.random.default_rng(2)
    margin = chance.normal(0, 1, 3000)
    fitted = calibration.fit(margin, (chance.random(3000) < 0.3).astype(float), method)
    parts = chance.normal(0, 1, (200, 4))
    parts[:50, 3] = -parts[:50, :3].sum(axis=1)
    parts[50:60, 3] += 1e-10
    total = probability_points(fitted, 0.2, parts).sum(axis=1)
    expected = fitted.probability(0.2 + parts.sum(axis=1)) - fitted.probability(np.array([0.2]))
    assert np.abs(total - expected).max() < 1e-9


def test_a_row_scores_the_same_alone_in_a_batch_and_on_two_threads(model, frame):
    batch = score(model, frame.head(64))
    assert pl.concat([score(model, frame[index]) for index in range(64)]).equals(batch)
    assert score(model, frame.head(64), threads=2).equals(batch)
    assert score(model, frame.head(64).reverse()).reverse().equals(batch)


def test_the_quick_probability_is_the_same_to_nine_decimals(model, frame):
    assert np.abs(probabilities(model, frame) - score(model, frame)["probability"].to_numpy()).max() < 1e-9


def test_fit_and_engagement_are_the_points_of_their_features(model, frame):
    scores, points = score_with_points(model, frame)
    roles = np.array([feature.role for feature in FEATURES])
    assert np.allclose(scores["fit"], points.values[:, roles == "fit"].sum(axis=1))
    assert np.allclose(scores["engagement"], points.values[:, roles == "engagement"].sum(axis=1))


def test_grades_cut_the_reference_population_into_quarters(model, frame):
    population = score(model, frame.filter(pl.col("part") == "calibration"))
    shares = population["engagement_grade"].value_counts(normalize=True)["proportion"]
    assert shares.min() > 0.15
    best, worst = (population.filter(pl.col("engagement_grade") == grade)["engagement"] for grade in (1, 4))
    assert best.min() > worst.max()


def test_an_axis_without_features_has_no_grade(frame):
    behaviour = [feature for feature in FEATURES if feature.role == "engagement"]
    scores = score(train(frame, behaviour, TrainConfig(trees=5)).model, frame.head(3))
    assert scores["fit_grade"].to_list() == [None] * 3
    assert scores["engagement_grade"].null_count() == 0


def test_the_percentile_is_the_rank_in_the_reference_population(model, frame):
    population = score(model, frame.filter(pl.col("part") == "calibration")).sort("probability")
    assert population["percentile"].is_sorted()
    assert population["percentile"].max() == 100.0
    assert population["percentile"].median() == pytest.approx(50, abs=2)


def test_no_rows_give_no_scores(model, frame):
    scores, points = score_with_points(model, frame.clear())
    assert len(scores) == 0
    assert points.values.shape == (0, len(FEATURES))


def test_the_score_has_four_decimals(model, frame):
    scores = score(model, frame.head(20))
    assert (scores["score"] * 10_000 - (scores["score"] * 10_000).round(0)).abs().max() < 1e-9


def test_a_calibration_without_knots_is_smooth_at_the_base():
    points = probability_points(Calibration("none"), 0.0, np.array([[1e-12, -2e-12]]))
    assert points[0, 0] == pytest.approx(0.25e-12)
