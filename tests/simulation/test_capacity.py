"""Reps and pools: the simulation agrees with Erlang where Erlang knows the answer, and keeps hours, caps and hops."""

from datetime import datetime, timedelta
from math import sqrt
from statistics import fmean, stdev

import numpy as np
import polars as pl
import pytest

from core.policy import default, parser
from core.simulation.capacity.demand import LEAST_ARRIVALS, Demand, draw, of_created, of_entries, profile_of
from core.simulation.capacity.erlang import Queue, waits, waits_longer
from core.simulation.capacity.floor import one_more, reps_of
from core.simulation.capacity.hours import ALWAYS, DAY, WEEK, Hours, of_calendar, union
from core.simulation.capacity.queueing import Arrival, Caps, Pool, Rep, serve
from core.simulation.capacity.service import Setting, gini, marginal, served
from core.simulation.capacity.study import Side, capacity

POLICY = parser.load(default.shipped(), "default")
MONDAY = datetime(2026, 1, 5)
EVEN = [1 / 168] * 168
NINE_TO_FIVE = of_calendar("UTC", MONDAY)


def people(count, pool="p", hours=ALWAYS, **caps):
    return [Rep(f"r{place}", hours, {pool: Caps(**caps)}) for place in range(count)]


def fates(arrivals, reps, pools, weeks=1, max_hops=4):
    return serve(arrivals, reps, {pool.name: pool for pool in pools}, weeks, max_hops)


def minute(number, **more):
    return Arrival(float(number), "p", 10.0, **more)


@pytest.mark.parametrize(("reps", "late"), [(9, 0.187), (10, 0.034), (12, 0.001)])
def test_erlang_gives_the_known_figures(reps, late):
    assert waits_longer(Queue(40, 12, reps), 15) == pytest.approx(late, abs=5e-4)


def test_too_few_reps_let_everybody_wait():
    assert waits(Queue(40, 12, 8)) == waits_longer(Queue(40, 12, 8), 600) == 1.0


def test_the_simulation_agrees_with_erlang_in_the_steady_case():
    queue, late, waited = Queue(40, 12, 10), [], []
    for seed in range(6):
        demand = Demand(pl.DataFrame({"pool": ["p"], "sla_min": [15], "priority": [0]}), 40 * 168, EVEN)
        arrivals, _ = draw(demand, 1, 12, np.random.default_rng(seed))
        kept = [
            (fate.began or 0.0) - one.at
            for one, fate in zip(arrivals, fates(arrivals, people(10), [Pool("p")], 2), strict=True)
            if one.at > DAY
        ]
        late.append(fmean(wait > 15 for wait in kept))
        waited.append(fmean(wait > 0 for wait in kept))
    for found, expected in ((late, waits_longer(queue, 15)), (waited, waits(queue))):
        assert abs(fmean(found) - expected) < 4 * stdev(found) / sqrt(len(found))


def test_leads_that_come_outside_working_hours_wait_for_the_morning():
    reps = people(1, hours=NINE_TO_FIVE)
    found = fates([minute(60), minute(4 * DAY + 1_100), minute(4 * DAY + 1_110)], reps, [Pool("p")], 2)
    assert [one.began for one in found] == [540, WEEK + 540, WEEK + 550]


def test_a_day_that_is_full_sends_leads_down_the_chain_and_at_its_end_nobody_has_them():
    pools = [Pool("p", "q"), Pool("q", "end"), Pool("end", terminal=True)]
    reps = [*people(1, per_day=2), Rep("other", ALWAYS, {"q": Caps(per_day=1)})]
    found = fates([minute(n * 20) for n in range(4)] + [minute(DAY + 1)], reps, pools)
    assert [(one.kind, one.pool, one.hops) for one in found] == [
        ("staffed", "p", 0),
        ("staffed", "p", 0),
        ("staffed", "q", 1),
        ("unassigned", "end", 2),
        ("staffed", "p", 0),
    ]


def test_open_leads_are_capped_and_the_most_urgent_goes_first():
    pools = [Pool("p", "end"), Pool("end", terminal=True)]
    arrivals = [minute(0), minute(1), minute(2, priority=5), minute(3)]
    found = fates(arrivals, people(1, max_open=3), pools)
    assert [one.began for one in found] == [0, 20, 10, None]
    assert [one.kind for one in found] == ["staffed"] * 3 + ["unassigned"]


def test_a_pool_without_limit_keeps_its_leads_and_one_that_needs_nobody_takes_them_at_once():
    found = fates([minute(0), minute(1)], people(1, per_day=1), [Pool("p", "end", bounded=False)])
    assert [one.began for one in found] == [0, DAY]
    assert fates([minute(0)], [], [Pool("p", bounded=False)])[0].kind == "automatic"
    assert fates([minute(0)], [], [Pool("p", "q"), Pool("q", "p")], max_hops=3)[0].kind == "unassigned"


def test_hours_are_those_of_the_time_zone_and_span_the_week():
    berlin = of_calendar("Europe/Berlin", datetime(2026, 7, 1))
    assert berlin.spans[0] == (7 * 60, 15 * 60) and berlin.open_minutes == 2_400
    tokyo_and_west = union([of_calendar("Asia/Tokyo", MONDAY), of_calendar("America/Los_Angeles", MONDAY)])
    assert tokyo_and_west.open_minutes == 4_560 and not tokyo_and_west.is_open(9 * 60)
    assert of_calendar("follow_sun", MONDAY) == ALWAYS and of_calendar("no zone", MONDAY) == NINE_TO_FIVE
    over = Hours.of([(WEEK - 60, WEEK + 60)])
    assert over.is_open(30) and over.between(WEEK - 90, WEEK + 90) == 120 and over.between(60, WEEK - 60) == 0


def demand(per_week=900, pool="sdr.priority"):
    return Demand(pl.DataFrame({"pool": [pool], "sla_min": [15], "priority": [0]}), per_week, EVEN)


def test_one_rep_more_helps_a_busy_pool_and_the_same_seed_gives_the_same():
    reps, setting, leads = people(2, "sdr.priority"), Setting(60, 7, business_clock=True), demand(300)
    now = served(POLICY, leads, reps, setting)
    (extra,) = marginal(POLICY, leads, reps, setting, now)
    assert extra["pool"] == "sdr.priority" and extra["sla_attainment"] > 0.1
    assert now == served(POLICY, leads, reps, setting)
    share, gini_found = now.sla_attainment, now.gini.mean
    assert share.low and share.mean and share.high and share.low < share.mean < share.high
    assert now.hops == {"0": 1.0} and now.unassigned_rate.mean == 0.0
    assert gini_found is not None and gini_found < 0.05
    (pool,) = now.pools
    assert pool["utilisation"] == pytest.approx(300 * 60 / (2 * WEEK), abs=0.05)
    assert len(one_more("sdr.priority", reps)) == 3


def test_a_pool_whose_reps_never_work_is_served_by_nobody():
    never = of_calendar("Mon-Fri 09:00-09:00", MONDAY)
    found = served(POLICY, demand(300), people(2, "sdr.priority", never), Setting(60, 7, business_clock=False))
    assert [(one["sla_attainment"], one["utilisation"], one["erlang_late"]) for one in found.pools] == [
        (0.0, 0.0, None)
    ]


def test_gini_is_none_for_no_work_and_large_for_one_who_has_all():
    assert gini([0, 0]) is None and gini([5, 5, 5]) == 0 and gini([0, 0, 0, 12]) == 0.75


def staff(rows):
    names = ["assignee", "pool", "per_day", "max_open", "calendar"]
    kinds = dict.fromkeys(names, pl.String) | {"per_day": pl.Int64, "max_open": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def test_what_is_not_known_is_said():
    nobody = capacity(Side(POLICY, demand()), Side(POLICY, demand()), staff([]), MONDAY, minutes=12, seed=7)
    assert (nobody["state"], nobody["code"]) == ("cannot_say", "no_reps")
    reps = staff([("u1", "sdr.priority", 3, None, "UTC"), ("u1", "elsewhere", 3, None, "UTC")])
    assert [dict(one.pools) for one in reps_of(POLICY, reps, MONDAY)] == [{"sdr.priority": Caps(3, None)}]
    quiet = capacity(Side(POLICY, None), Side(POLICY, demand()), reps, MONDAY, minutes=12, seed=7)
    assert (quiet["state"], quiet["code"]) == ("cannot_say", "too_few_arrivals")


def entries(count, days=14):
    rows = [(f"l{n:03}", MONDAY + timedelta(days=days * n / (count - 1)), "p", 15, 3, True) for n in range(count)]
    return pl.DataFrame(rows, schema=["lead_id", "moment", "pool", "sla_min", "priority", "is_first"], orient="row")


def test_leads_that_were_there_before_the_history_are_no_arrivals():
    entered, old = entries(51), datetime(2025, 1, 1)
    created = {f"l{n:03}": old if n < 11 else MONDAY + timedelta(hours=1) for n in range(51)}
    found = of_entries(entered, created, EVEN)
    assert found is not None and found.marks.height == 40 and found.per_week == pytest.approx(20)
    assert of_entries(entered.with_columns(moment=pl.lit(MONDAY)), created, EVEN) is None
    assert of_entries(entered.head(LEAST_ARRIVALS), created, EVEN) is None


def test_without_a_history_the_leads_of_four_weeks_are_the_demand():
    decided = pl.DataFrame({"lead_id": [f"l{n}" for n in range(60)], "pool": "p", "sla_min": 15, "priority": 1,
                            "disposition": ["PERMIT"] * 50 + ["DENY"] * 10})  # fmt: skip
    created = {f"l{n}": MONDAY - timedelta(days=n) for n in range(60)}
    found = of_created(decided, created, MONDAY, EVEN)
    assert found is not None and found.marks.height == 29 and found.per_week == pytest.approx(29 / 4)
    assert of_created(decided, {}, MONDAY, EVEN) is None and of_created(decided, created, None, EVEN) is None


def test_arrivals_follow_the_hours_of_the_week():
    busy = profile_of({10: 30, 11: 10})
    rng = np.random.default_rng(3)
    marks = pl.DataFrame({"pool": ["p", "q"], "sla_min": [1, 2], "priority": [0, None]})
    arrivals, who = draw(Demand(marks, 4_000, busy), 1, 12, rng)
    at = np.array([one.at for one in arrivals])
    assert ((at >= 600) & (at < 720)).all() and (np.diff(at) >= 0).all()
    assert (at < 660).mean() == pytest.approx(0.75, abs=0.03) and set(who) == {0, 1}
