"""What a cut is worth, from a matrix of costs."""

import numpy as np
import pytest

from core.models.costs import Costs, best, by_share
from core.models.cutoffs import CapacityInvalid


@pytest.fixture(scope="module")
def leads():
    chance = np.random.default_rng(4)
    p = chance.beta(1, 4, 1500).round(2)
    return (chance.random(1500) < p).astype(float), p


def test_the_value_of_a_cut_is_that_of_its_confusion_matrix(leads):
    y, p = leads
    costs = Costs(win=100, work=20, missed=5)
    rows = by_share(y, p, costs)
    assert rows["share"][0] == 0 and rows["share"][-1] == 1 and rows["recall"][-1] == 1
    assert rows["value"][0] == pytest.approx(-5 * 1000 * y.mean())
    for row in rows.filter(rows["threshold"].is_not_null()).sample(5, seed=1).iter_rows(named=True):
        worked = p >= row["threshold"]
        won = 1000 * (y[worked].sum() / len(y))
        assert row["share"] == pytest.approx(worked.mean()) and row["won_worked"] == pytest.approx(won)
        assert row["precision"] == pytest.approx(y[worked].mean())
        told = 100 * row["won_worked"] - 20 * (row["won_worked"] + row["lost_worked"]) - 5 * row["won_left"]
        assert row["value"] == pytest.approx(told) and row["low"] < row["value"] < row["high"]
    cells = rows.select("won_worked", "lost_worked", "won_left", "lost_left").sum_horizontal()
    assert cells.to_list() == pytest.approx([1000] * len(rows))


def test_it_pays_down_to_where_a_win_is_worth_the_work(leads):
    p = np.random.default_rng(5).beta(1, 4, 12_000)
    y = (np.random.default_rng(6).random(12_000) < p).astype(float)
    found = best(by_share(y, p, Costs(win=100, work=30)))
    assert found["threshold"] == pytest.approx(0.3, abs=0.06)
    assert best(by_share(*leads, Costs(win=0, work=1)))["share"] == 0
    assert best(by_share(*leads, Costs(win=1, work=0)))["recall"] == 1


@pytest.mark.parametrize("costs", [Costs(float("nan"), 1), Costs(1, -1), Costs(1, 1, float("inf"))])
def test_costs_that_cannot_be_are_refused(leads, costs):
    with pytest.raises(CapacityInvalid):
        by_share(*leads, costs)
    with pytest.raises(CapacityInvalid, match="leads"):
        by_share(leads[0][:20], leads[1][:20], Costs(1, 1))
