"""Simpler methods on the same rows, with intervals, and a verdict that may be that there is no difference."""

import numpy as np
import polars as pl
import pytest

from core.models import logistic
from core.models.challengers import Judged, compete, recency_rank
from core.models.encoding import FeatureInfo
from core.models.errors import ThinData
from core.models.evaluation import evaluate, segment_of
from core.models.ranking import auc
from core.models.scoring import probabilities
from tests.models.samples import FEATURES, synthetic


@pytest.fixture(scope="module")
def scored(model, frame):
    return frame.with_columns(pl.Series("probability", probabilities(model, frame)))


@pytest.fixture(scope="module")
def found(scored):
    tested = scored.filter(pl.col("part") == "test")
    judged = Judged.of(tested, tested["probability"].to_numpy(), 7, 100)
    return compete(scored, FEATURES, "days_since_last", judged)[0]


def test_each_challenger_is_judged_on_the_same_rows_with_intervals(found):
    assert [one.name for one in found] == ["scorecard", "logistic", "recency"]
    for one in found:
        figure = one.figures["auc"]
        assert figure["low"] <= figure["value"] <= figure["high"]
        told = {each["figure"]: each for each in one.behind["figures"]}
        assert told["auc"]["theirs"] == figure["value"]
        assert told["auc"]["difference"] == pytest.approx(told["auc"]["ours"] - figure["value"])
    assert found[2].behind["verdict"] == "better"
    assert "brier" not in found[2].figures and "log_loss" in found[1].figures


def test_a_model_of_a_linear_world_is_not_credibly_ahead_of_a_logistic_regression(found):
    assert found[1].behind["verdict"] != "better"
    assert found[1].figures["auc"]["value"] > 0.7


def test_the_regression_bears_missing_new_infinite_and_constant_values(frame):
    wide = frame.with_columns(empty=pl.lit(None, dtype=pl.Float64), same=pl.lit(1.0), again=pl.col("visits"))
    more = [FeatureInfo(name, "number", "engagement", name) for name in ("empty", "same", "again")]
    fitted = logistic.fit(wide, [*FEATURES, *more])
    odd = wide.head(4).with_columns(industry=pl.lit("never seen"), employees=pl.Series([np.inf, -np.inf, np.nan, None]))
    assert np.isfinite(fitted.probability(odd)).all()
    tested = wide.filter(pl.col("part") == "test")
    assert auc(tested["y"].to_numpy().astype(float), fitted.probability(tested)) > 0.7
    with pytest.raises(ThinData):
        logistic.fit(frame.with_columns(y=pl.lit(0, dtype=pl.Int8)), FEATURES)


def test_recency_ranks_the_latest_first_and_silence_last():
    rows = pl.DataFrame({"d": [3.0, None, 0.5, float("nan")]})
    assert recency_rank(rows, "d").argsort().tolist()[2:] == [0, 2]
    assert recency_rank(rows, "d")[[1, 3]].tolist() == [0.0, 0.0]


def test_figures_are_told_by_segment_too(scored):
    name = segment_of(scored, FEATURES)
    assert name == "industry"
    told = evaluate(scored, rounds=50, segment=name).figures()
    rows = [one["rows"] for one in told["by_segment"]]
    assert {one["segment"] for one in told["by_segment"]} == {"software", "retail", "mining"}
    assert rows == sorted(rows, reverse=True) and sum(rows) == told["rows"]
    assert segment_of(synthetic(50), FEATURES[:3]) is None
