"""What guards count: leads that nobody took up in time, events that came after, and the same leads in both arms."""

import math
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from core.decisions.store_desk import DeskStore
from core.governance.judging import NOT_IN_SHADOW, NOT_OBSERVED, Counted, judged_of
from core.governance.observing import breaches_in, counted_in, counting, event_of, events_in
from core.governance.sequential import Arm, Pair, half_width
from core.policy import parser
from core.policy.overlays import GuardMetric
from tests.governance.conftest import document, prove_once
from tests.governance.test_rollouts import publish

MONDAY = datetime(2026, 11, 23, 10)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HARM = 0.15
STRICT = GuardMetric(metric="hold_rate", direction="either", max_abs=0.0, critical=True)


@pytest.fixture(scope="module")
def wall():
    return parser.load(document() + "sla: {clock: wall}\n", "wall.yaml").document


def decided(*rows):
    """lead, its account, minutes agreed, and where given since when and with which moment."""
    found = [(*row, MONDAY, MONDAY)[:5] for row in rows]
    names = ["lead_id", "account_id", "sla_min", "agreed_since", "moment"]
    return pl.DataFrame(found, schema=names, orient="row").with_columns(
        agreed_pool=pl.lit("sdr.inbound"), was_agreed=False
    )


def test_a_breach_is_an_agreed_time_that_passed_before_anybody_took_the_lead_up(wall):
    frame = decided(
        ("in time", "a", 15), ("too late", "b", 15), ("nobody", "c", 15), ("no date", "d", 15), ("not over", "e", 240),
        ("nothing agreed", "f", None), ("agreed before", "g", 15, MONDAY - DAY, MONDAY), ("worked before", "h", 15),
    )  # fmt: skip
    work = {
        "in time": [(MONDAY + 14 * MINUTE, None)], "too late": [(MONDAY + 15 * MINUTE, None)],
        "no date": [(None, None)], "worked before": [(MONDAY - MINUTE, None)],
        "agreed before": [(MONDAY + MINUTE, None)],
    }  # fmt: skip
    found = breaches_in({False: frame, True: frame.clear()}, {False: wall, True: wall}, work, MONDAY + 20 * MINUTE)
    assert (found.before.leads, found.before.hits) == (5, 3)
    assert (found.candidate.leads, found.pair) == (0, None)
    later = breaches_in({False: frame, True: frame}, {False: wall, True: wall}, work, MONDAY + 240 * MINUTE)
    assert (later.candidate.leads, later.candidate.hits) == (6, 4)
    old = frame.with_columns(was_agreed=pl.col("lead_id") == "nobody")
    begun = breaches_in({False: old, True: old}, {False: wall, True: wall}, work, MONDAY + 20 * MINUTE)
    assert (begun.candidate.leads, begun.candidate.hits) == (4, 2), "a time was agreed with it before the step"


def test_business_hours_are_those_of_the_pools_calendar(wall):
    hours = wall.model_copy(update={"sla": wall.sla.model_copy(update={"clock": "business_hours"})})
    evening = decided(("late", "a", 60, MONDAY + 7 * 60 * MINUTE, MONDAY + 7 * 60 * MINUTE))
    sides, now = {False: evening, True: evening}, MONDAY + DAY
    assert breaches_in(sides, {False: wall, True: hours}, {}, now - 10 * MINUTE).before.leads == 1
    assert breaches_in(sides, {False: wall, True: hours}, {}, now - 60 * MINUTE).candidate.leads == 0
    assert breaches_in(sides, {False: wall, True: hours}, {}, now).candidate.hits == 1


@pytest.mark.parametrize(
    ("metric", "told"),
    [("meeting_held_rate_14d", ("meeting_held", 14)), ("complaint_rate", ("complaint", None)), ("win_rate", None),
     ("sla_breach_rate", None), ("happiness", None), ("meeting_rate_0d", None)],
)  # fmt: skip
def test_a_metric_may_name_an_event_and_its_days(metric, told):
    found = event_of(metric)
    assert (found and (found.type, found.days)) == told
    counted = {"win_rate": "counted", "sla_breach_rate": "counted"}.get(metric, "not counted")
    assert counting(metric) == (f"counted by events `{told[0]}`" if told else counted)


def test_events_count_after_the_decision_within_the_days_of_leads_whose_days_are_over():
    frame = pl.concat([decided(("a", "a", 1), ("b", "b", 1), ("c", "c", 1)),
                       decided(("d", "d", 1, MONDAY + 5 * DAY, MONDAY + 5 * DAY))])  # fmt: skip
    times = {"a": 0, "b": 3, "c": 15, "d": 6}
    events = pl.DataFrame({"lead_id": list(times), "at": [MONDAY + days * DAY for days in times.values()]})
    sides = {False: frame, True: frame.head(1)}

    def hits(metric, days):
        found = events_in(sides, event_of(metric), events, MONDAY + days * DAY)
        return found.before.leads, found.before.hits, found.candidate.hits

    assert hits("held_rate_14d", 16) == (3, 1, 0)
    assert hits("held_rate_14d", 19) == (4, 2, 0)
    assert hits("held_rate", 19) == (4, 3, 0)
    none_came = events_in(sides, event_of("held_rate"), events.clear(), MONDAY + 19 * DAY)
    assert (none_came.before.leads, none_came.before.hits) == (4, 0)
    assert events_in(sides, event_of("held_rate"), None, MONDAY) is None
    assert judged_of(STRICT, None, 0.05).reason == NOT_OBSERVED


def shadowed(generator, accounts, harm=0.0, looks=12):
    """Both versions' holds of the same leads after each look: an account's leads are like one another, and the versions
    differ for one lead in twenty, as often one way as the other, and for `harm` of the leads more.
    """
    sizes = np.zeros(accounts, int)
    sums = np.zeros((3, accounts))
    rates = generator.beta(0.6, 1.4, accounts)
    for _ in range(looks):
        came = generator.integers(1, 4, accounts)
        owner = np.repeat(np.arange(accounts), came)
        before = generator.random(len(owner)) < rates[owner]
        then = np.where(generator.random(len(owner)) < 0.05, generator.random(len(owner)) < 0.5, before)
        then |= generator.random(len(owner)) < harm
        sizes += came
        for place, held in enumerate((before, then, before != then)):
            sums[place] += np.bincount(owner, held, accounts)
        yield Counted(Arm.of(sizes, sums[0]), Arm.of(sizes, sums[1]), Pair.of(sizes, *sums))


def test_a_pair_is_the_spread_of_its_differences_and_seldom_alarms_where_nothing_is_worse():
    generator = np.random.default_rng(20261126)
    one = list(shadowed(generator, 60))[-1]
    alone = Counted(one.before, one.candidate)
    assert (one.leads, one.accounts) == (one.before.leads, 60) and alone.accounts == 120
    narrow, wide = (half_width(of.accounts, of.deviation, 0.05) for of in (one, alone))
    assert narrow < wide / 2
    same = Counted(one.before, one.before, Pair.of([3] * 60, [1] * 60, [1] * 60, [0] * 60))
    assert same.deviation == pytest.approx(math.sqrt(0.5 / 61 * (1 - 0.5 / 61) / 3), rel=0.2)
    runs = 150
    alarms = sum(any(judged_of(STRICT, seen, 0.05).verdict == "fail" for seen in shadowed(generator, 60))
                 for _ in range(runs))  # fmt: skip
    assert alarms / runs <= 0.05
    found = [judged_of(STRICT, seen, 0.05).verdict for seen in shadowed(generator, 60, harm=HARM)]
    unpaired = [judged_of(STRICT, Counted(seen.before, seen.candidate), 0.05).verdict
                for seen in shadowed(generator, 60, harm=HARM)]  # fmt: skip
    assert found[-1] == "fail" and "fail" not in unpaired


def test_leads_that_only_one_arm_decided_are_no_pair():
    before = pl.DataFrame({"lead_id": ["a", "b", "c"], "account_id": ["x", "x", "y"], "disposition": ["HOLD"] * 3})
    after = before.tail(2).with_columns(disposition=pl.Series(["PERMIT", "HOLD"]))
    found = counted_in("hold_rate", None, {False: before, True: after}, paired=True)
    assert (found.pair.leads, found.pair.moved, found.pair.accounts) == (2, 1, 2)
    assert (found.before.hits, found.candidate.hits) == (2, 1)


GUARDS = ("eligibility_rate", "sla_breach_rate", "meeting_held_rate", "refund_rate", "complaint_rate")
PLAN = f"""
rollout:
  strategy: canary
  unit: lead_id
  salt: ro-1
  steps: [{{pct: 0, mode: shadow}}, {{pct: 50}}]
  judge:
    alpha: 0.05
    method: always_valid
    guards: [{", ".join(f"{{metric: {one}, direction: either, max_abs: 0.2}}" for one in GUARDS)}]
"""


def rows(policy_hash, arm, step, seq, moment):
    shared = {"arm": arm, "score": 0.5, "fit": 0.0, "engagement": 0.0, "disposition": "PERMIT", "reasons": "[]",
              "points": "[]", "model_hash": "m", "policy_hash": policy_hash, "feature_set_hash": "f", "stage_us": "{}",
              "record": '{"errors": []}', "hash": "h", "entry_seq": seq, "step": step, "pool": "sdr.priority",
              "sla_min": 15, "agreed_pool": "sdr.priority", "agreed_since": moment, "as_of": moment,
              "known_at": moment, "decided_at": moment}  # fmt: skip
    first = range(120, 180) if step else range(60)
    places = [*range(60, 120), *range(10)] if arm == "canary" else first
    named = [{**shared, "decision_id": f"{arm}{step}-{n}", "lead_id": f"l-{n}", "leaf_no": n} for n in places]
    return pl.DataFrame(named).with_columns(pl.col("leaf_no", "sla_min", "step").cast(pl.Int32))


def test_a_look_counts_breaches_and_events_of_a_canary_and_pairs_a_shadow(releases, store, monkeypatch):
    prove_once(monkeypatch)
    first = publish(releases, document())
    second = publish(releases, document(hot=0.7) + PLAN)

    def look(*arms, step):
        moment = store.clock.now().replace(tzinfo=None)
        with store.change("decisions", "decisions.recorded", "ana") as change:
            for arm, version in arms:
                change.insert("decisions", rows(version.content_hash, arm, step, change.seq, moment).with_columns(
                    pl.col("leaf_no") + (1_000 if arm != "live" else 0)))  # fmt: skip
        store.clock.moment += timedelta(hours=1)
        judge = releases.rollouts.status("inbound")["judge"]
        return {one["metric"]: one for one in judge["guards"]}

    leads = pl.DataFrame({"lead_no": pl.Series(range(180), dtype=pl.Int32), "lead_id": [f"l-{n}" for n in range(180)]})
    with store.change("signals", "signals.imported", "ana") as change:
        change.insert("leads", leads.with_columns(batch_id=pl.lit("b")))
    shadow = look(("live", first), ("shadow", second), step=0)
    assert (shadow["eligibility_rate"]["leads"], shadow["eligibility_rate"]["accounts"]) == (60, 60)
    assert {shadow[name]["reason"] for name in GUARDS[1:]} == {NOT_IN_SHADOW}
    releases.rollouts.advance("inbound", "ana", "go on")
    began = store.clock.moment.replace(tzinfo=None)
    with store.change("signals", "signals.imported", "ana") as change:
        kinds = {"kind_no": pl.Series([1, 2], dtype=pl.Int16), "source": "crm", "type": ["meeting_held", "refund"]}
        change.insert("event_kinds", pl.DataFrame(kinds))
        held = {"event_no": [1], "event_id": "e", "lead_no": pl.Series([61], dtype=pl.Int32), "batch_id": "b"}
        times = {"occurred_at": began + 9 * MINUTE, "received_at": began + 9 * MINUTE}
        change.insert("events", pl.DataFrame({**held, **times}).with_columns(
            kind_no=pl.lit(1, pl.Int16), schema_version=pl.lit(1, pl.Int16)))  # fmt: skip
        work = {"lead_no": pl.Series(range(120, 150), dtype=pl.Int32), "worked": True, "batch_id": "b"}
        change.insert("lead_work", pl.DataFrame({**work, "worked_at": began + 9 * MINUTE, "received_at": began + DAY}))
        change.insert("lead_work", pl.DataFrame({**work, "worked_at": began - DAY, "received_at": began - DAY}))
    read, whole = [], DeskStore.work
    monkeypatch.setattr(DeskStore, "work", lambda desk, since=None: read.append(whole(desk, since)) or read[-1])
    canary = look(("live", first), ("canary", second), step=1)
    assert canary["sla_breach_rate"] | {"before": 0.5, "candidate": 1.0, "leads": 120} == canary["sla_breach_rate"]
    assert canary["sla_breach_rate"]["verdict"] == "fail"
    assert {at for work in read[-1].values() for at, _ in work} == {began + 9 * MINUTE}
    assert (canary["meeting_held_rate"]["before"], canary["meeting_held_rate"]["candidate"]) == (0, round(1 / 70, 6))
    assert (canary["refund_rate"]["before"], canary["refund_rate"]["candidate"], canary["refund_rate"]["leads"]) == (
        0,
        0,
        130,
    )
    assert canary["complaint_rate"]["reason"] == NOT_OBSERVED
