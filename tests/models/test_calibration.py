import numpy as np
import pytest

from core.models import calibration
from core.models.calibration import Calibration


def drawn(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    margin = chance.normal(0, 2, rows)
    return margin, (chance.random(rows) < 1 / (1 + np.exp(-(0.5 * margin - 1)))).astype(float)


def kinked(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Margins whose true rate is two plateaus: no sigmoid fits them."""
    chance = np.random.default_rng(seed)
    margin = chance.normal(0, 2, rows)
    return margin, (chance.random(rows) < np.where(margin > 1.5, 0.6, 0.2)).astype(float)


def test_auto_takes_isotonic_only_with_enough_rows_and_where_it_foretells_better():
    assert calibration.fit(*kinked(3000), "auto").method == "isotonic"
    assert calibration.fit(*kinked(300), "auto").method == "sigmoid"
    assert calibration.fit(*drawn(3000), "auto").method == "sigmoid"
    assert calibration.fit(np.zeros(50), np.zeros(50), "auto").method == "none"


def test_the_sigmoid_finds_slope_and_offset_again():
    found = calibration.fit(*drawn(20_000), "sigmoid")
    assert found.slope == pytest.approx(0.5, abs=0.03)
    assert found.offset == pytest.approx(-1, abs=0.05)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_a_higher_margin_never_gets_a_lower_probability(method):
    found = calibration.fit(*drawn(3000), method)
    probability = found.probability(np.linspace(-12, 12, 5001))
    assert (np.diff(probability) > 0).all()
    assert 0 < probability[0] < probability[-1] < 1


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "none"])
def test_the_gradient_is_the_slope_of_the_probability(method):
    found = calibration.fit(*drawn(3000), method)
    for margin in (-9.0, -1.23, 0.31, 9.0):
        step = found.probability(np.array([margin, margin + 1e-7]))
        assert found.gradient(margin) == pytest.approx((step[1] - step[0]) / 1e-7, rel=1e-4)


def test_isotonic_follows_the_rate_that_happened():
    margin, y = drawn(20_000)
    probability = calibration.fit(margin, y, "isotonic").probability(margin)
    top = probability > np.quantile(probability, 0.9)
    assert probability[top].mean() == pytest.approx(y[top].mean(), abs=0.02)


def test_without_calibration_the_plain_sigmoid_is_used():
    assert Calibration("none").probability(np.array([0.0]))[0] == 0.5
