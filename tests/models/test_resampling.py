"""Figures drawn again by lead: equal to the plain ones, wider for rows that repeat, and honest about equals."""

import numpy as np
import pytest

from core.models import metrics
from core.models.ranking import auc
from core.models.resampling import FIGURES, Ranked, compare, draws, figures, rounds_for, summary


def drawn(rows=600, seed=3):
    chance = np.random.default_rng(seed)
    p = chance.random(rows).round(2)
    return (chance.random(rows) < p).astype(float), p


def test_unweighted_figures_are_those_of_the_metrics():
    y, p = drawn()
    found = dict(zip(FIGURES, Ranked(y, p).figures(), strict=True))
    assert found["auc"] == pytest.approx(auc(y, p), abs=1e-12)
    assert found["pr_auc"] == pytest.approx(metrics.average_precision(y, p), abs=1e-12)
    assert found["brier"] == pytest.approx(metrics.brier(y, p), abs=1e-12)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, p), abs=1e-12)
    assert found["ece"] == pytest.approx(metrics.calibration_error(y, p), abs=0.01)
    assert found["lift_at_10"] == pytest.approx(metrics.lift_at(y, p, 0.1), abs=1e-12)
    assert found["capture_at_20"] == pytest.approx(0.2 * metrics.lift_at(y, p, 0.2), abs=1e-12)


def test_a_weight_of_two_is_the_row_twice():
    y, p = drawn(200)
    weight = np.where(np.arange(200) < 80, 2, 1)
    twice = np.repeat(np.arange(200), weight)
    found, plain = Ranked(y, p).figures(weight), Ranked(y[twice], p[twice]).figures()
    at = FIGURES.index("ece")
    assert np.delete(found, at) == pytest.approx(np.delete(plain, at), abs=1e-12)
    leads, other = np.arange(200), np.sqrt(p)
    counted = compare(y, p, other, leads, rounds=20, weight=weight)
    repeated = compare(y[twice], p[twice], other[twice], leads[twice], rounds=20)
    for one, two in zip(np.delete(counted, at), np.delete(repeated, at), strict=True):
        told = (one.ours, one.theirs, one.difference, one.low, one.high)
        assert told == pytest.approx((two.ours, two.theirs, two.difference, two.low, two.high), abs=1e-9)
    assert counted != compare(y, p, other, leads, rounds=20)


def test_intervals_hold_the_figure_and_are_those_of_the_area_alone():
    y, p = drawn()
    leads = np.arange(600) // 2
    found = figures(y, p, leads, 5, 100)
    assert found["auc"][1] == pytest.approx(metrics.auc_interval(y, p, leads, 5, 100), abs=1e-12)
    for name, (value, (low, high)) in found.items():
        assert low <= high and (low < value < high or name == "ece")


def test_the_same_model_is_no_better_than_itself_and_noise_is_worse():
    y, p = drawn()
    leads = np.arange(600)
    same = compare(y, p, p, leads, rounds=50)
    assert {one.verdict for one in same} == {"no credible difference"}
    noise = np.random.default_rng(1).random(600)
    told = {one.figure: one.verdict for one in compare(y, p, noise, leads, rounds=100)}
    assert told["auc"] == told["brier"] == told["log_loss"] == "better"
    back = summary(compare(y, noise, p, leads, rounds=100))
    assert back["verdict"] == "worse" and len(back["figures"]) == len(FIGURES)


def test_pairing_finds_a_difference_that_two_intervals_would_hide():
    y, p = drawn(1500)
    chance = np.random.default_rng(2)
    theirs = np.clip(p + chance.normal(0, 0.12, 1500), 0, 1)
    one, other = (figures(y, q, np.arange(1500), 1, 200)["auc"][1] for q in (p, theirs))
    assert one[0] < other[1]
    assert compare(y, p, theirs, np.arange(1500), 1, 200)[0].verdict == "better"


def test_one_class_gives_no_figure_and_no_verdict():
    y, p = np.zeros(30), np.linspace(0, 1, 30)
    assert np.isnan(Ranked(y, p).figures()).all()
    found = compare(y, p, 1 - p, np.arange(30), rounds=10)[0]
    assert found.verdict == "no credible difference" and found.to_json()["difference"] is None


def test_rows_of_a_lead_are_drawn_together_and_many_rows_are_drawn_less_often():
    for weight in draws(np.array(["a", "b", "a", "c"]), 1, 5):
        assert weight[0] == weight[2] and weight[1] + weight[0] + weight[3] == 3
    assert (rounds_for(100), rounds_for(50_000), rounds_for(10**7)) == (300, 200, 100)
