import numpy as np
import polars as pl
import pytest

from core.models import rationale
from core.models.scoring import score_with_points
from tests.models.samples import FEATURES


@pytest.fixture(scope="module")
def explained(model, frame):
    sample = frame.head(200)
    return sample, score_with_points(model, sample)[1]


@pytest.mark.parametrize(
    ("value", "points", "text"),
    [
        (5, 0.1234, "Visits: 5 - raises the score by 12.3 points."),
        (None, -0.031, "Visits: not known - lowers the score by 3.1 points."),
        (True, 0.01, "Visits: yes - raises the score by 1.0 point."),
        (0.12345, 0.0, "Visits: 0.123 - hardly moves the score."),
        (12345.6, -0.002, "Visits: 12,346 - lowers the score by 0.2 points."),
        ("software", 0.5, "Visits: software - raises the score by 50.0 points."),
        (float("nan"), 0.02, "Visits: not known - raises the score by 2.0 points."),
    ],
)
def test_a_reason_is_a_sentence_for_people(value, points, text):
    assert rationale.sentence("Visits", value, points) == text


def test_the_weightiest_reason_comes_first_and_all_points_are_told(explained):
    sample, points = explained
    row = sample.row(0, named=True)
    found = rationale.reasons(FEATURES, row, points.values[0].tolist())
    weights = [abs(reason.points) for reason in found]
    assert weights == sorted(weights, reverse=True)
    assert sum(reason.points for reason in found) == pytest.approx(points.values[0].sum())
    assert len(rationale.reasons(FEATURES, row, points.values[0].tolist(), most=2)) == 2


def test_importance_is_the_mean_weight_of_a_feature(model, explained):
    table = rationale.importance(model, explained[1])
    assert table["feature"][0] == "visits"
    assert table["share"].sum() == pytest.approx(1.0)
    visits = table.filter(pl.col("feature") == "visits")["mean_abs_points"].item()
    assert visits == pytest.approx(np.abs(explained[1].values[:, 0]).mean())


def test_effects_hold_one_row_a_lead_and_feature(model, explained):
    table = rationale.effects(model, *explained, most=3)
    assert len(table) == 3 * len(explained[0])
    visits = table.filter(pl.col("feature") == "visits")
    assert 0 < visits["rank"].min() < visits["rank"].max() < 1
    assert np.corrcoef(visits["rank"], visits["points"])[0, 1] > 0.5


def test_effects_of_categories_have_no_rank(model, explained):
    table = rationale.effects(model, *explained, most=5)
    assert table.filter(pl.col("feature") == "industry")["rank"].null_count() == 200


def test_dependence_shows_values_beside_points(model, explained):
    table = rationale.dependence(model, *explained, "visits")
    assert table["value"].to_list() == explained[0]["visits"].to_list()


def test_partners_name_other_features(model, explained):
    found = rationale.partners(model, *explained, "visits", most=3)
    assert len(found) == 3
    assert "visits" not in found
    assert set(found) <= {feature.name for feature in FEATURES}
