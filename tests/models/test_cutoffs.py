"""Cuts from hours, agreed times and value."""

import numpy as np
import pytest

from core.models.cutoffs import Capacity, CapacityInvalid, propose


@pytest.fixture(scope="module")
def leads():
    chance = np.random.default_rng(4)
    p = chance.beta(1, 4, 2000)
    return (chance.random(2000) < p).astype(float), p


def test_the_hot_cut_lets_through_what_can_be_worked(leads):
    hot, *_ = propose(*leads, Capacity(rep_hours=10, minutes_a_lead=30, leads_a_day=100))
    assert hot.because == "capacity" and hot.share == pytest.approx(0.2, abs=0.002)
    assert hot.leads_a_day == pytest.approx(20, abs=0.2)
    assert hot.enter_low <= hot.enter <= hot.enter_high and hot.enter_high - hot.enter_low < 0.06
    assert hot.is_calibrated and hot.observed_low < hot.observed_rate < hot.observed_high


def test_worked_leads_stand_for_all_by_their_weights(leads):
    y, p = leads
    often = np.repeat(np.arange(2000), np.where(y > 0, 3, 1))
    weight, capacity = np.where(y[often] > 0, 1 / 3, 1.0), Capacity(rep_hours=10, minutes_a_lead=30, leads_a_day=100)
    whole, biased = propose(y, p, capacity)[0], propose(y[often], p[often], capacity)[0]
    hot = propose(y[often], p[often], capacity, weight=weight)[0]
    assert (hot.share, hot.enter) == pytest.approx((whole.share, whole.enter), abs=0.002)
    assert (hot.observed_rate, hot.expected_rate) == pytest.approx(
        (whole.observed_rate, whole.expected_rate), abs=0.002
    )
    assert biased.enter > whole.enter + 0.05 and not biased.is_calibrated and hot.is_calibrated
    with pytest.raises(CapacityInvalid, match="count as 9"):
        propose(y, p, capacity, weight=np.where(np.arange(2000) < 9, 1e6, 1.0))


def test_an_agreed_time_leaves_room_for_busy_days(leads):
    plain, tight = (Capacity(10, 30, 100, sla_hours=sla) for sla in (None, 2.0))
    assert tight.workable < plain.workable == 20
    chance = np.random.default_rng(1)
    arrivals = chance.poisson(tight.workable / 4, 20_000)
    assert 0.93 < (arrivals <= 5).mean() < 0.985
    assert propose(*leads, tight)[0].enter > propose(*leads, plain)[0].enter


def test_nobody_is_hot_whom_working_does_not_pay(leads):
    dear = Capacity(80, 30, 100, deal_value=100, hour_cost=100)
    cuts = {one.band: one for one in propose(*leads, dear)}
    assert cuts["hot"].because == "value" and cuts["hot"].enter == pytest.approx(0.5)
    cheap = {one.band: one for one in propose(*leads, Capacity(10, 30, 100, deal_value=1000, hour_cost=40))}
    assert cheap["hot"].because == "capacity" and cheap["warm"].enter == pytest.approx(0.02)
    enters = [one.enter for one in propose(*leads, Capacity(10, 30, 100))]
    assert enters == sorted(enters, reverse=True) and len(enters) == 3


def test_where_everybody_can_be_worked_bands_only_order_the_work(leads):
    cuts = propose(*leads, Capacity(80, 30, 100))
    assert [one.band for one in cuts] == ["hot", "warm", "nurture"]
    assert [one.share for one in cuts] == pytest.approx([0.2, 0.5, 1.0], abs=0.002)
    assert {one.because for one in cuts} == {"order only: all can be worked"}
    rich = propose(*leads, Capacity(80, 30, 100, deal_value=1e9, hour_cost=1))
    assert [one.enter for one in rich] == [one.enter for one in cuts]


def test_a_hot_cut_of_nearly_enough_capacity_says_that_it_jumps_where_all_can_be_worked(leads):
    hot = {hours: propose(*leads, Capacity(hours, 30, 100))[0] for hours in (39, 49.5, 50)}
    assert [one.share for one in hot.values()] == pytest.approx([0.78, 0.99, 0.2], abs=0.002)
    assert hot[39].because == "capacity" and "the best fifth" in hot[49.5].because


def test_a_score_that_promises_too_much_is_seen_at_the_cut(leads):
    y, p = leads
    hot = propose(y, np.sqrt(p), Capacity(10, 30, 100))[0]
    assert not hot.is_calibrated and hot.expected_rate > hot.observed_high


@pytest.mark.parametrize("changed", [{"rep_hours": 0}, {"minutes_a_lead": -1}, {"leads_a_day": float("nan")}])
def test_numbers_that_cannot_be_are_refused(leads, changed):
    with pytest.raises(CapacityInvalid, match=next(iter(changed))):
        propose(*leads, Capacity(**{"rep_hours": 10, "minutes_a_lead": 30, "leads_a_day": 100, **changed}))
    with pytest.raises(CapacityInvalid, match="leads"):
        propose(leads[0][:20], leads[1][:20], Capacity(10, 30, 100))
