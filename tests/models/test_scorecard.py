import numpy as np
import polars as pl
import pytest

from core.models import scorecard
from core.models.binning import Bins, learn
from core.models.encoding import FeatureInfo
from core.models.errors import ThinData
from core.models.scorecard import EVEN_ODDS, FACTOR
from tests.models.samples import FEATURES


@pytest.fixture(scope="module")
def card(frame):
    return scorecard.fit(frame, FEATURES)


def test_anybody_can_add_up_the_points(card, frame):
    row = frame.head(1)
    total = card.start
    for line in card.lines:
        place = int(line.bins.place(row[line.bins.feature.name])[0])
        total += line.points[place]
    assert card.total(row)[0] == total
    odds = np.exp((total - EVEN_ODDS) / FACTOR)
    assert card.probability(row)[0] == pytest.approx(odds / (1 + odds))


def test_twenty_points_more_double_the_odds():
    assert np.exp(20 / FACTOR) == pytest.approx(2.0)


def test_the_scorecard_ranks_far_better_than_chance(card, frame):
    figures = scorecard.figures(card, frame.filter(pl.col("part") == "test"))
    assert figures["auc"] > 0.7
    assert figures["brier"] < 0.22


def test_more_of_a_good_thing_gives_more_points(card):
    visits = next(line for line in card.lines if line.bins.feature.name == "visits")
    assert visits.points[0] < 0 < visits.points[-2]


def test_bins_read_as_words(card):
    table = card.table()
    visits = table.filter(pl.col("feature") == "visits")
    assert (visits["bin"][0], "not known" in visits["bin"]) == ("0", False)
    assert "not known" in table.filter(pl.col("feature") == "days_since_last")["bin"]
    assert {"no", "yes"} <= set(table.filter(pl.col("feature") == "asked_demo")["bin"])
    assert visits["share"].sum() == pytest.approx(1.0)


def test_a_bin_that_separates_the_classes_does_not_break_the_fit(frame):
    leaky = frame.with_columns((pl.col("y") == 1).alias("asked_demo"))
    found = scorecard.fit(leaky, FEATURES)
    assert np.isfinite(found.probability(leaky)).all()
    assert scorecard.figures(found, leaky)["auc"] > 0.99


def test_a_copy_of_a_feature_is_not_counted_twice(frame):
    copied = frame.with_columns(pl.col("visits").alias("visits_again"))
    again = FeatureInfo("visits_again", "count", "engagement", "Visits again")
    names = [line.bins.feature.name for line in scorecard.fit(copied, (*FEATURES, again)).lines]
    assert len({"visits", "visits_again"} & set(names)) == 1


def test_without_a_telling_feature_everybody_starts_at_the_base_rate(frame):
    card = scorecard.fit(frame, ())
    trained = frame.filter(pl.col("part") != "test")
    assert card.lines == ()
    assert card.probability(frame)[0] == pytest.approx(trained["y"].mean(), abs=0.01)


def test_one_class_is_refused(frame):
    with pytest.raises(ThinData):
        scorecard.fit(frame.with_columns(pl.lit(0).alias("y")), FEATURES)


@pytest.mark.parametrize(
    ("values", "dtype", "names"),
    [
        ([0, 0, 0, 1, 2, 5, 9, 9], "count", ("0", "1 to 2", "3 to 7", "8 or more", "not known")),
        ([7, 7, 7], "count", ("any value", "not known")),
        ([None, None], "number", ("any value", "not known")),
        (
            [1.0, 2.0, float("inf"), None],
            "number",
            ("under 1.2", "1.2 to under 1.4", "1.4 to under 1.6", "1.6 to under 1.8", "1.8 or more", "not known"),
        ),
    ],
)
def test_bins_have_readable_edges(values, dtype, names):
    column = pl.Series("f", values, dtype=pl.Int64 if dtype == "count" else pl.Float64)
    assert learn(column, FeatureInfo("f", dtype, "fit", "F")).names == names


def test_an_unknown_level_and_a_missing_value_have_bins_of_their_own():
    bins = Bins(FeatureInfo("f", "category", "fit", "F"), levels=("a", "b"))
    column = pl.Series("f", ["b", "zebra", None])
    assert [bins.names[place] for place in bins.place(column)] == ["b", "any other", "not known"]
