"""Features that act together are told from those whose effects only add up."""

import numpy as np
import polars as pl
import pytest

from core.models import interactions
from core.models.encoding import FeatureInfo
from core.models.training import TrainConfig, train

INFOS = tuple(FeatureInfo(name, "number", "fit", name.upper()) for name in "abcd")


@pytest.fixture(scope="module")
def together():
    """Wins where a and b are both high; c adds to them, d does nothing."""
    chance = np.random.default_rng(2)
    values = chance.random((1600, 4))
    pull = 4.0 * ((values[:, 0] > 0.5) & (values[:, 1] > 0.5)) + 2.0 * (values[:, 2] > 0.5) - 2.5
    frame = pl.DataFrame(values, schema=list("abcd")).with_columns(
        y=pl.Series((chance.random(1600) < 1 / (1 + np.exp(-pull))).astype(np.int8)),
        lead_id=pl.format("l{}", pl.int_range(1600)), landmark=pl.lit("1d"),
        part=pl.Series(["train"] * 1200 + ["calibration"] * 200 + ["test"] * 200),
    )  # fmt: skip
    return train(frame, INFOS, TrainConfig(trees=60, learning_rate=0.1)).model, frame


def test_the_pair_that_acts_together_comes_first(together):
    model, frame = together
    found = interactions.strength(model, frame, list("abcd"))
    first = found.row(0, named=True)
    assert {first["feature"], first["other"]} == {"a", "b"} and found.height == 6
    assert first["size"] > 4 * found["size"][1] and first["share"] > 0.1
    assert found["share"].is_between(0, 1).all()
    assert interactions.strength(model, frame, list("abcd")).equals(found)


def test_a_feature_that_the_model_does_not_read_acts_with_none(together):
    model, frame = together
    still = frame.with_columns(d=pl.lit(0.5))
    sizes = {frozenset(row[:2]): row[2] for row in interactions.strength(model, still, ["a", "d"]).rows()}
    assert sizes[frozenset("ad")] == pytest.approx(0, abs=1e-9)
    assert interactions.strength(model, frame, ["a"]).is_empty()
