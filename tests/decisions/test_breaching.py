"""Agreed times: the clock of business hours, the steps of a breach, and the sweep that decides leads again."""

import json
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace

import polars as pl
import pytest

from core.decisions import engine
from core.decisions.arrival import Chosen, Decider, Waiting
from core.decisions.breaching import Agreements, elapsed_minutes, meet
from core.decisions.context import Deciding
from core.decisions.duty import duty_of
from core.decisions.engine import decide
from core.decisions.replay import Loaders, replay
from core.decisions.spine import population
from core.decisions.states import Agreement
from core.decisions.store import DecisionStore
from core.decisions.store_contests import ContestStore
from core.decisions.store_outbox import OutboxStore
from core.decisions.sweep import due, moves_by_itself
from core.policy import parser
from core.policy.default import propose, thresholds_from
from core.policy.outcome import Outcome
from core.recipes.sweeping import Swept, sweep
from tests.decisions.conftest import AS_OF
from tests.decisions.test_outbox import EFFECTS, STATES
from tests.policy.conftest import example_text

MINUTE = timedelta(minutes=1)
FRIDAY = datetime(2026, 11, 27, 16, 50)
ROUTED = Outcome("PERMIT", "hot", 900, "working", "sdr.na", 15, "weighted_round_robin", "call_now")
SLA = """sla: {clock: wall, on_breach: [{after: 1.0, do: reassign_fallback}, {after: 2.0, do: escalate_manager}]}
actions:
"""


@pytest.fixture(scope="module")
def document():
    return parser.load(example_text(), "example.yaml").document


@pytest.mark.parametrize("calendar", [None, "Mon-Sat 22:00-06:00 Europe/Berlin", "America/New_York", "24x7"])
def test_minutes_of_duty_are_those_counted_one_by_one(calendar):
    duty, rng = duty_of(calendar), Random(5)
    for _ in range(20):
        since = datetime(2026, 10, 24, 12) + rng.randrange(3 * 1440) * MINUTE
        moment = since + rng.randrange(3 * 1440) * MINUTE
        counted = sum(duty.is_on(since + place * MINUTE) for place in range((moment - since) // MINUTE))
        assert duty.minutes(since, moment, 10**6) == counted
        assert duty.minutes(since, moment, 60) == min(counted, 60)


def test_an_agreement_is_in_business_hours_and_each_step_is_carried_out_once(document):
    def at(minutes, before, taken_up=False, outcome=ROUTED):
        return meet(document, outcome, before, FRIDAY + minutes * MINUTE, taken_up=taken_up)

    first = at(0, None)
    assert first.outcome == ROUTED and first.agreement == Agreement("sdr.na", 15, FRIDAY, 0)
    monday = (datetime(2026, 11, 30, 9, 20) - FRIDAY) // MINUTE
    assert elapsed_minutes(document, "sdr.na", FRIDAY, datetime(2026, 11, 30, 9, 5), 99) == 15
    assert at(60, first.agreement).outcome == ROUTED
    late = at(monday, first.agreement)
    assert late.outcome.pool == "sdr.fast" and late.agreement.breaches == 2
    assert [(one.rule, one.reason) for one in late.outcome.reasons] == [
        ("pool.sdr.na", "breached"),
        ("sla.escalate_manager", "breached"),
    ]
    assert [one.name for one in late.effects] == ["reassign_fallback", "escalate_manager"]
    again = at(monday + 900, late.agreement)
    assert again.outcome == late.outcome and again.effects == ()
    assert at(monday, first.agreement, taken_up=True).outcome == ROUTED
    assert at(monday, Agreement("sdr.na", 15, FRIDAY, 1), taken_up=True).outcome.pool == "sdr.fast"


def test_another_route_is_another_agreement_and_a_held_lead_has_none(document):
    old = Agreement("sdr.emea", 15, FRIDAY - timedelta(days=9), 2)
    assert meet(document, ROUTED, old, FRIDAY, taken_up=False).agreement == Agreement("sdr.na", 15, FRIDAY)
    held = Outcome("HOLD", "hot", 900, "new", "q.rescore", None, None, None)
    assert meet(document, held, old, FRIDAY, taken_up=False).agreement is None


def test_a_lead_is_taken_up_by_work_since_then_that_was_known_or_by_its_input(document):
    since, moment = FRIDAY, FRIDAY + timedelta(days=9)
    before = Agreement("sdr.na", 15, since)

    def pool(*work, **inputs):
        return Agreements(document, lambda: {"l": work}).meet("l", ROUTED, before, moment, inputs).outcome.pool

    assert pool() == "sdr.fast"
    assert pool((since + MINUTE, since + MINUTE)) == "sdr.na" == pool((None, None))
    assert pool((since - MINUTE, since - MINUTE)) == "sdr.fast" == pool((since, moment + MINUTE))
    assert pool(first_touch_done=True) == "sdr.na"
    nobody_asked = Agreements(document, lambda: pytest.fail("no step is due"))
    assert nobody_asked.meet("l", ROUTED, before, since + MINUTE, {}).outcome == ROUTED


@pytest.fixture(scope="module")
def timed(model):
    text = propose("default", thresholds_from(model.reference.probabilities)).replace(STATES, EFFECTS)
    text = text.replace("sdr.priority:    {capacity: unbounded,", "sdr.priority:    {capacity: {per_rep_open: 99},")
    return parser.load(text.replace("actions:\n", SLA, 1), "timed.yaml")


@pytest.fixture
def served(store, feature_set, model, timed):
    decide(
        store, population(store, as_of=AS_OF).spine,
        feature_set=feature_set, model=model, policy=timed, arm="live", actor="ana",
    )  # fmt: skip
    chosen = Chosen(feature_set, model, timed, "live")
    rooms = SimpleNamespace(db=store)
    return lambda minutes: sweep(rooms, lambda: chosen, AS_OF + minutes * MINUTE)


def test_the_sweep_reassigns_then_escalates_and_every_decision_is_replayed(store, served, feature_set, model, timed):
    hot = store.read("SELECT lead_id FROM decisions WHERE pool = 'sdr.priority' ORDER BY 1")["lead_id"].to_list()
    assert hot and moves_by_itself(timed.document)
    assert served(14) == Swept()
    assert served(15) == Swept(breached=len(hot))
    assert served(15) == Swept() == served(16)
    newest = DecisionStore(store).of(hot[0])
    assert (newest.pool, newest.sla_min) == ("sdr.inbound", 15)
    assert {"rule": "pool.sdr.priority", "reason": "breached"} in newest.reasons
    assert served(30).breached == len(hot)
    escalated = DecisionStore(store).of(hot[0])
    assert (escalated.pool, escalated.reasons[-1]) == (
        "sdr.inbound",
        {"rule": "sla.escalate_manager", "reason": "breached"},
    )
    assert served(31).breached == 0
    told = OutboxStore(store).listed("waiting", 10_000).filter(kind="breach", lead_id=hot[0])
    assert told["name"].to_list() == ["escalate_manager", "reassign_fallback"]
    entry = store.entries("decisions").row(-1, named=True)
    assert entry["actor"] == "sweep" and json.loads(entry["body"])["count"] == len(hot)
    loaders = Loaders(lambda _: model, lambda _: timed, lambda _: feature_set)
    report = replay(store, loaders)
    assert report.differences == () and report.replayed == 180 + 2 * len(hot)


def test_a_lead_that_was_taken_up_is_decided_no_more_by_the_sweep(store, served):
    hot = store.read("SELECT lead_id FROM decisions WHERE pool = 'sdr.priority' ORDER BY 1")["lead_id"].to_list()
    work = {"worked": True, "worked_at": AS_OF + 5 * MINUTE, "received_at": AS_OF + 5 * MINUTE, "batch_id": "b-1"}
    with store.change("signals", "outcomes.imported", "ana") as change:
        change.insert("lead_work", pl.DataFrame({"lead_no": pl.Series([int(hot[0][2:])], dtype=pl.Int32), **work}))
    assert served(16) == Swept(breached=len(hot) - 1)
    assert served(17) == Swept()
    assert store.scalar("SELECT count(*) FROM decisions WHERE lead_id = ?", [hot[0]]) == 1


@pytest.mark.parametrize(
    "apart", [timedelta(seconds=2), timedelta(0), timedelta(seconds=-2)], ids=["later", "same", "earlier"]
)
def test_what_two_sweeps_find_at_once_one_of_them_decides(store, served, monkeypatch, apart):
    hot = store.scalar("SELECT count(*) FROM decisions WHERE pool = 'sdr.priority'")
    made, pairs = engine._made, [lambda: served(16 + apart / MINUTE)]

    def made_while_another_sweeps(*args):
        found = made(*args)
        while pairs:
            assert pairs.pop()().breached == hot
        return found

    monkeypatch.setattr(engine, "_made", made_while_another_sweeps)
    assert served(16) == Swept()
    told = OutboxStore(store).listed(None, 10_000).filter(kind="breach")
    assert told.height == told["lead_id"].n_unique() == hot
    by_sweep = "SELECT lead_id FROM decisions SEMI JOIN ledger l ON seq = entry_seq AND l.actor = 'sweep'"
    assert store.read(by_sweep).height == hot
    assert served(17) == Swept()


def test_a_lead_that_another_decides_while_the_sweep_is_at_work_takes_no_place_in_it(
    store, served, monkeypatch, feature_set, model, timed
):
    hot = store.read("SELECT lead_id FROM decisions WHERE pool = 'sdr.priority' ORDER BY 1")["lead_id"].to_list()
    made, decided = engine._made, []

    def made_while_another_decides(deciding, decisions, spine, *more):
        decided.append(spine["lead_id"].to_list())
        found = made(deciding, decisions, spine, *more)
        if len(decided) == 1:
            monkeypatch.setattr(engine, "_made", made)
            rows = population(store, as_of=AS_OF + 15 * MINUTE).spine.filter(lead_id=hot[0])
            deciders = {"feature_set": feature_set, "model": model, "policy": timed, "arm": "live", "actor": "ana"}
            assert decide(store, rows, **deciders).added == 1
            monkeypatch.setattr(engine, "_made", made_while_another_decides)
        return found

    monkeypatch.setattr(engine, "_made", made_while_another_decides)
    assert served(16) == Swept(breached=len(hot) - 1)
    assert [len(one) for one in decided] == [len(hot), len(hot) - 1] and hot[0] not in decided[1]
    assert store.scalar("SELECT count(*) FROM decisions WHERE lead_id = ?", [hot[0]]) == 2


def test_a_lead_whose_record_says_that_it_was_touched_is_no_more_due(timed):
    row = {"lead_id": "l", "state": "working", "state_since": AS_OF, "agreed_pool": "sdr.priority", "sla_min": 15}
    row |= {"agreed_since": AS_OF, "breaches": 0}
    found = [
        due(Agreements(timed.document, dict), pl.DataFrame([{**row, "is_touched": touched}]), AS_OF + 15 * MINUTE)
        for touched in (False, True)
    ]
    assert [one["why"].to_list() for one in found] == [["breached"], []]


@pytest.fixture(scope="module")
def reviewed(timed):
    return parser.load(f"{timed.text}\nprivacy: {{human_review: {{route: q.rescore, sla_hours: 72}}}}\n", "r.yaml")


def test_a_contest_that_was_not_decided_is_found_by_the_sweep_and_time_stands_still_for_it(
    store, feature_set, model, reviewed
):
    parts = {"feature_set": feature_set, "model": model, "policy": reviewed, "arm": "live"}
    decide(store, population(store, as_of=AS_OF).spine, actor="ana", **parts)
    lead = store.scalar(
        "SELECT lead_id FROM decisions_latest WHERE next_state = 'qualifying' AND disposition = 'PERMIT' ORDER BY 1"
    )
    row = {"contest_id": "c1", "lead_id": lead, "decision_id": DecisionStore(store).of(lead).decision_id, "reason": "x"}
    row |= {"route": "q.rescore", "asked_by": "ana", "asked_at": AS_OF + MINUTE, "due_at": AS_OF + 4320 * MINUTE}
    with store.change("governance", "decision.contested", "ana") as change:
        change.insert("contests", pl.DataFrame([row]))

    def swept(minutes):
        return sweep(SimpleNamespace(db=store), lambda: Chosen(**parts), AS_OF + minutes * MINUTE).contested

    def newest():
        found = DecisionStore(store).of(lead)
        return found.disposition, found.prev_state, found.next_state

    assert (swept(5), swept(6)) == (1, 0)
    assert newest() == ("HOLD", "qualifying", "qualifying")
    swept(1500)
    assert newest() == ("HOLD", "qualifying", "qualifying")
    assert "enrol_nurture" not in OutboxStore(store).listed(None, 10_000).filter(lead_id=lead)["name"].to_list()
    deciding = Deciding(store, feature_set, model, reviewed, "live", "ana")
    remembered = deciding.contests()
    assert deciding.contests() is remembered and list(remembered.by_lead) == [lead]
    with store.change("governance", "contest.settled", "rita") as change:
        change.execute("UPDATE contests SET settled_at = ?, verdict = 'upheld'", [AS_OF + 1501 * MINUTE])
    assert deciding.contests().by_lead[lead][0].upheld
    assert (swept(1502), swept(1503)) == (1, 0)
    assert newest()[:2] == ("PERMIT", "nurturing")
    decider = Decider(store, Chosen(**parts))

    def known_live(minutes):
        moment = AS_OF + minutes * MINUTE
        decider.decide([Waiting("l-0239", f"e-{minutes}", None, moment, 0.0)])
        return list(decider._deciding.contests().by_lead)

    assert known_live(1504) == [lead]
    merge = {"from_no": int(lead[2:]), "into_no": 239, "known_from": AS_OF, "origin": "ana", "batch_id": "b-1"}
    with store.change("signals", "identity.merged", "ana") as change:
        change.insert("lead_merges", pl.DataFrame([merge]))
    assert known_live(1505) == list(ContestStore(store).by_lead()) == ["l-0239"]


def test_a_contest_is_told_of_a_trial_and_again_after_a_decision_that_knew_nothing_of_it(
    store, feature_set, model, timed, reviewed
):
    parts = {"feature_set": feature_set, "model": model, "arm": "trial"}
    decide(store, population(store, as_of=AS_OF).spine, actor="ana", policy=reviewed, **parts)
    lead = store.scalar("SELECT lead_id FROM decisions_latest WHERE disposition = 'PERMIT' ORDER BY 1")
    row = {"contest_id": "c1", "lead_id": lead, "decision_id": DecisionStore(store).of(lead).decision_id, "reason": "x"}
    row |= {"route": "q.rescore", "asked_by": "ana", "asked_at": AS_OF + MINUTE, "due_at": AS_OF + 4320 * MINUTE}
    with store.change("governance", "decision.contested", "ana") as change:
        change.insert("contests", pl.DataFrame([row]))

    def swept(minutes):
        chosen = Chosen(policy=reviewed, **parts)
        return sweep(SimpleNamespace(db=store), lambda: chosen, AS_OF + minutes * MINUTE)

    assert (swept(5), swept(6)) == (Swept(contested=1), Swept())
    later = pl.DataFrame({"lead_id": [lead], "as_of": [AS_OF + 7 * MINUTE], "known_at": [AS_OF + 7 * MINUTE]})
    decide(store, later, actor="arrivals", policy=timed, **parts)
    assert DecisionStore(store).of(lead).disposition == "PERMIT"
    assert (swept(8), swept(9)) == (Swept(contested=1), Swept())
    assert DecisionStore(store).of(lead).disposition == "HOLD"


def test_the_sweep_carries_out_time_outs_of_states_once(store, served):
    served(500)
    late = store.read(
        "SELECT lead_id FROM decisions_latest WHERE next_state = 'qualifying' AND state_since = ?", [AS_OF]
    )
    assert served(1440).timed_out == late.height > 0
    names = OutboxStore(store).listed("waiting", 10_000).filter(lead_id=late["lead_id"][0])["name"].to_list()
    assert "enrol_nurture" in names
    assert served(1440).timed_out == 0


def test_a_trial_is_swept_by_nobody(store, served, feature_set, model, timed):
    chosen = Chosen(feature_set, model, timed, "trial")
    assert sweep(SimpleNamespace(db=store), lambda: chosen, AS_OF + timedelta(days=9)) == Swept()
    assert sweep(SimpleNamespace(db=store), lambda: None, AS_OF + timedelta(days=9)) == Swept()
