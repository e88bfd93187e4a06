import numpy as np
import polars as pl
import pytest

from core.models import rationale
from core.models.encoding import FeatureInfo
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
    ranks = visits["rank"].to_list()
    assert 0 < min(ranks) < max(ranks) < 1
    assert np.corrcoef(visits["rank"], visits["points"])[0, 1] > 0.5


def test_effects_of_categories_have_no_rank(model, explained):
    table = rationale.effects(model, *explained, most=5)
    assert table.filter(pl.col("feature") == "industry")["rank"].null_count() == 200


def test_dependence_shows_values_beside_points(model, explained):
    table = rationale.dependence(model, explained[0], explained[1], "visits")
    assert table["value"].to_list() == explained[0]["visits"].to_list()


def test_partners_name_other_features(model, explained):
    found = rationale.partners(model, explained[0], explained[1], "visits", most=3)
    assert len(found) == 3
    assert "visits" not in found
    assert set(found) <= {feature.name for feature in FEATURES}


def test_taking_the_weightiest_reasons_away_moves_a_score_most(model, frame):
    """The deletion test (Samek et al., 2017): faithful reasons undo a score faster than any order by chance."""
    sample = frame.head(60)
    scores, points = score_with_points(model, sample)
    chance = np.random.default_rng(3)
    start = scores["probability"].to_numpy()
    high = start > np.median(start)

    def undone(order: np.ndarray) -> float:
        rows, fallen = sample.to_dicts(), []
        for step in range(4):
            for row, places in zip(rows, order, strict=True):
                row[points.names[places[step]]] = None
            scored = score_with_points(model, pl.DataFrame(rows, schema=sample.schema))[0]
            fallen.append(scored["probability"].to_numpy())
        return float(np.mean([(start - now)[high].mean() for now in fallen]))

    told = undone(np.argsort(-points.values, axis=1))
    orders = np.tile(np.arange(len(points.names)), (len(sample), 1))
    by_chance = [undone(chance.permuted(orders, axis=1)) for _ in range(5)]
    assert told > max(by_chance)
    assert told > 1.5 * float(np.mean(by_chance))


def test_local_accuracy(model, explained):
    sample, points = explained
    probability = score_with_points(model, sample)[0]["probability"].to_numpy()
    assert np.abs(points.base + points.values.sum(axis=1) - probability).max() < 1e-6


def test_correlated_features_are_one_group_and_keep_their_points():
    values = np.random.default_rng(1).normal(size=(200, 2))
    frame = pl.DataFrame({"a": values[:, 0], "b": -(values[:, 0] ** 3), "c": values[:, 1], "w": ["x", "y"] * 100})
    kinds = {"a": "number", "b": "number", "c": "number", "w": "category"}
    infos = [FeatureInfo(name, kind, "fit", name.upper()) for name, kind in kinds.items()]  # type: ignore[arg-type]
    groups = rationale.correlated(frame, infos)
    assert groups == [["a", "b"]]
    told = rationale.reasons(infos, frame.row(0, named=True), [0.2, -0.05, 0.1, -0.3])
    rows = rationale.grouped(told, groups)
    assert [row["features"] for row in rows] == [["w"], ["a", "b"], ["c"]]
    assert rows[1]["points"] == pytest.approx(0.15) and rows[1]["label"] == "A and 1 alike"
    assert rationale.correlated(frame.select("c", "w"), infos[2:]) == []


def test_stability_sets_two_models_reasons_beside_each_other(model, explained):
    now = rationale.importance(model, explained[1])
    rows, alike = rationale.stability(now, now)
    assert alike == pytest.approx(1.0) and rows["place"].to_list() == rows["place_before"].to_list()
    turned = now.with_columns(share=1 - pl.col("share")).sort("share", descending=True)
    assert rationale.stability(now, turned)[1] == pytest.approx(-1.0)
    rows, _ = rationale.stability(now, now.filter(pl.col("feature") != "visits"))
    assert rows.row(0, named=True)["feature"] == "visits" and rows["place_before"][0] is None
