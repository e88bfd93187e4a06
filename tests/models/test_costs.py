"""What a cut is worth, from a matrix of costs."""

import numpy as np
import pytest

from core.models.costs import Costs, best, by_share, cross_fitted
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


def test_a_cut_is_valued_on_leads_that_had_no_say_in_it():
    """Scores that say nothing, and wins that just pay for the work: no cut is worth anything, whichever was chosen."""
    costs, chosen, fresh, covered = Costs(win=100, work=30), [], [], 0
    for seed in range(60):
        chance = np.random.default_rng(seed)
        y, p = (chance.random(300) < 0.3).astype(float), chance.random(300)
        found = cross_fitted(y, p, costs, seed)
        chosen.append(best(by_share(y, p, costs))["value"])
        fresh.append(found.value)
        covered += found.low <= 0 <= found.high
    error = np.std(fresh) / np.sqrt(len(fresh))
    assert abs(np.mean(fresh)) < 2.5 * error and np.mean(chosen) > 5 * error
    assert covered >= 53


def test_where_scores_tell_the_worth_on_other_leads_is_that_of_the_best_cut():
    p = np.random.default_rng(5).beta(1, 4, 12_000)
    y = (np.random.default_rng(6).random(12_000) < p).astype(float)
    costs = Costs(win=100, work=30)
    found, top = cross_fitted(y, p, costs), best(by_share(y, p, costs))
    true = 1000 * np.mean(np.where(p >= 0.3, 100 * p - 30, 0.0))
    assert found.low < true < found.high and found.value == pytest.approx(top["value"], rel=0.05)
    assert cross_fitted(y, p, Costs(win=0, work=1)).value == 0


@pytest.mark.parametrize("costs", [Costs(float("nan"), 1), Costs(1, -1), Costs(1, 1, float("inf"))])
def test_costs_that_cannot_be_are_refused(leads, costs):
    with pytest.raises(CapacityInvalid):
        by_share(*leads, costs)
    with pytest.raises(CapacityInvalid):
        cross_fitted(*leads, costs)
    for value in (by_share, cross_fitted):
        with pytest.raises(CapacityInvalid, match="leads"):
            value(leads[0][:20], leads[1][:20], Costs(1, 1))


def test_worked_leads_stand_for_all_by_their_weights():
    chance, costs = np.random.default_rng(4), Costs(win=100, work=30, missed=5)
    p = chance.random(600)
    y = (chance.random(600) < p).astype(float)
    often = np.repeat(np.arange(600), np.where(y > 0, 4, 1))
    weight = np.where(y[often] > 0, 0.25, 1.0)
    whole, found = by_share(y, p, costs), by_share(y[often], p[often], costs, weight=weight)
    for name in ("value", "won_worked", "won_left", "lost_worked", "lost_left", "recall", "share"):
        assert found[name][-1] == pytest.approx(whole[name][-1]) and found[name][0] == pytest.approx(whole[name][0])
    assert best(found)["value"] == pytest.approx(best(whole)["value"], abs=0.03 * abs(best(whole)["value"]))
    assert best(by_share(y[often], p[often], costs))["value"] > 1.3 * best(whole)["value"]
    same = cross_fitted(y, p, costs, weight=np.full(600, 2.0))
    assert vars(same) == pytest.approx(vars(cross_fitted(y, p, costs)))
    with pytest.raises(CapacityInvalid, match="count as 9"):
        by_share(y, p, costs, weight=np.where(np.arange(600) < 9, 1e6, 1.0))
