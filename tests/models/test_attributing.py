"""Compiled contributions are LightGBM's own, and the same bits whatever rows come together."""

import lightgbm
import numpy as np
import pytest

from core.models.attributing import COMPILED, FACT, FEW_ROWS, compiled_contributions, is_compiled
from core.models.encoding import matrix
from core.models.scoring import contributions, raw_margins, way_of
from core.models.training import without_parameters


def random_inputs(seed: int, rows: int, columns: int, words: tuple[int, ...]) -> np.ndarray:
    chance = np.random.default_rng(seed)
    inputs = np.round(chance.normal(scale=3, size=(rows, columns)), 1)
    for column in words:
        inputs[:, column] = chance.integers(-1, 45, rows)
    inputs[chance.random(inputs.shape) < 0.15] = np.nan
    inputs[chance.random(inputs.shape) < 0.1] = 0.0
    return inputs


def grown(seed: int, leaves: int, columns: int = 12, **settings) -> str:
    chance = np.random.default_rng(seed)
    inputs = random_inputs(seed, 900, columns, (2, 5))
    known = np.nan_to_num(inputs)
    y = (known[:, 0] + known[:, 1] * (known[:, 2] % 3) - known[:, 5] / 9 + chance.normal(size=900) > 0).astype(float)
    told = {"objective": "binary", "num_leaves": leaves, "min_data_in_leaf": 3, "verbosity": -1, "num_threads": 1}
    inputs[:, [2, 5]] = np.where(inputs[:, [2, 5]] < 0, np.nan, inputs[:, [2, 5]])
    data = lightgbm.Dataset(inputs, label=y, categorical_feature=[2, 5], params={"verbosity": -1})
    booster = lightgbm.train({**told, **settings}, data, num_boost_round=12)
    return without_parameters(booster.model_to_string())


@pytest.mark.parametrize(
    ("leaves", "settings"),
    [
        (2, {}),
        (15, {}),
        (60, {"max_depth": 14, "max_cat_to_onehot": 1}),
        (31, {"zero_as_missing": True}),
        (31, {"use_missing": False}),
    ],
)
def test_compiled_contributions_are_lightgbms_own(leaves, settings):
    booster = grown(leaves, leaves, **settings)
    inputs = random_inputs(7, FEW_ROWS + 90, 12, (2, 5))
    told, base = contributions(booster, inputs)
    found = compiled_contributions(booster, inputs)
    assert np.abs(found - told).max() < 1e-12
    assert np.abs(base + found.sum(axis=1) - raw_margins(booster, inputs)).max() < 1e-10
    alone = np.vstack([compiled_contributions(booster, inputs[row : row + 1]) for row in range(0, len(inputs), 40)])
    assert np.array_equal(alone, found[::40])


def test_a_tree_without_a_split_gives_nothing():
    booster = grown(1, 15, min_data_in_leaf=800)
    assert not compiled_contributions(booster, random_inputs(1, 5, 12, ())).any()


def test_the_way_is_the_models_own(model, frame):
    assert model.facts[FACT] == COMPILED and is_compiled(model.facts) and not is_compiled({})
    inputs = matrix(frame.head(80), model.features, model.categories)
    told, _ = contributions(model.booster, inputs)
    assert np.abs(way_of(model)(model.booster, inputs) - told).max() < 1e-12
