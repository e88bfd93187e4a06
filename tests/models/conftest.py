import polars as pl
import pytest

from core.models.training import TrainConfig, train
from tests.models.samples import FEATURES, synthetic


@pytest.fixture(scope="session")
def frame() -> pl.DataFrame:
    return synthetic()


@pytest.fixture(scope="session")
def model(frame):
    return train(frame, FEATURES, TrainConfig(trees=40, learning_rate=0.1), feature_set_hash="sha256:f").model
