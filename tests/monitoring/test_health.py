"""Whether a model is in health."""

import pytest

from core.monitoring.health import judge


def test_a_model_without_warning_and_without_report_is_in_health():
    assert judge({"auc": 0.8}, None).ok


@pytest.mark.parametrize(("psi", "ok"), [(None, True), (0.0, True), (0.25, True), (0.26, False)])
def test_scores_that_moved_put_a_model_out_of_health(psi, ok):
    assert judge({}, {"score_psi": psi, "features_drifted": 9}).ok is ok


@pytest.mark.parametrize(("error", "ok"), [(0.07, True), (0.1, True), (0.13, False)])
def test_very_poor_calibration_puts_a_model_out_of_health_and_says_so(error, ok):
    health = judge({"cautions": ["poorly_calibrated", "base_rate_shift"], "ece": error}, {"score_psi": 0.01})
    assert health.ok is ok
    assert ok or "off by 13% on average" in health.reasons[0]


def test_a_gap_that_chance_alone_would_make_does_not():
    assert judge({"cautions": [], "ece": 0.2}, None).ok


def test_a_shifted_base_rate_alone_does_not():
    assert judge({"cautions": ["base_rate_shift"]}, None).ok
