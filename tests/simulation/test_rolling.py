"""Rolled forward, a lead's band and state are those that the version itself made of it."""

from dataclasses import replace
from datetime import datetime, timedelta

from core.decisions.standing import Seen
from core.policy import default, editing, parser
from core.policy.inputs import fill
from core.simulation.on_store import as_simulation
from core.simulation.rolling import roll, roll_both
from tests.simulation.evolving import capped, late

TEXT = default.shipped()
BEFORE = parser.load(TEXT, "before")
STRICTER = parser.load(editing.with_threshold(TEXT, "hot", 0.9, 0.85), "after")
START = datetime(2026, 1, 1)
SCORES = {"a": [0.85, 0.78, 0.74], "b": [0.2, 0.6, 0.6]}


def history(policy, hours: float = 24):
    """The decisions in order of time: keys, and what the policy saw."""
    rows = sorted(
        (START + timedelta(hours=hours * place), lead, score)
        for lead, scores in SCORES.items()
        for place, score in enumerate(scores)
    )
    return [(lead, moment) for moment, lead, _ in rows], Seen([fill(policy, {"score": one}) for *_, one in rows])


def outputs(policy, keys, seen, name="band"):
    """One output of each decision, lead by lead."""
    turns = zip(keys, roll(policy, keys, seen), strict=True)
    return [getattr(turn.outcome, name) for _, turn in sorted(turns, key=lambda pair: pair[0][0])]


def both(hours: float = 24, texts=(BEFORE.text, STRICTER.text), work=None, until=None, **more):
    keys, _ = history(BEFORE, hours)
    seen = tuple(replace(history(parser.load(text, "p"), hours)[1], **more) for text in texts)
    sources = tuple((text, "p") for text in texts)
    return roll_both(sources, keys, seen, work or {}, until, lambda done, text: None)


def test_hysteresis_follows_the_version_and_not_the_record():
    bands = outputs(BEFORE, *history(BEFORE))
    assert bands == ["hot", "hot", "warm", "cold", "warm", "warm"]
    assert outputs(STRICTER, *history(STRICTER))[:3] == ["warm", "warm", "warm"]


def test_a_short_stay_holds_the_band_only_where_the_version_gave_it():
    dwell = outputs(BEFORE, *history(BEFORE, hours=0.25))
    assert dwell[:3] == ["hot", "hot", "warm"], "30 minutes after it became hot it may fall"
    assert outputs(BEFORE, *history(BEFORE, hours=0.2))[:3] == ["hot"] * 3


def test_states_go_on_from_lead_to_lead_anew():
    states = outputs(BEFORE, *history(BEFORE), name="next_state")
    assert states == ["working", "working", "working", "nurturing", "qualifying", "qualifying"]


def test_states_time_out_on_the_way_as_the_version_says():
    timed = TEXT.replace("qualifying: {}", "qualifying: {sla_min: 60, on_timeout: nurturing}")
    policy = parser.load(timed, "timed")
    given = fill(policy, {"score": 0.6})
    cooler = {**given, "score": 0.1}
    keys = [("a", START + timedelta(minutes=at)) for at in (0, 59, 120)]
    moving = roll(policy, keys, Seen([given, cooler, given]))
    assert [(one.outcome.next_state, one.timed_out) for one in moving] == [
        ("qualifying", False),
        ("nurturing", False),
        ("qualifying", False),
    ]
    waiting = Seen([given] * 3)
    assert [one.timed_out for one in roll(policy, keys, waiting)] == [False, False, True]
    assert not any(one.timed_out for one in roll(BEFORE, keys, waiting))


def test_a_lead_without_dates_begins_anew_at_every_decision():
    keys, seen = history(BEFORE)
    assert outputs(BEFORE, [(lead, None) for lead, _ in keys], seen)[:2] == ["hot", "warm"]


def test_both_versions_are_compared_at_the_end_and_on_the_way():
    found = both()
    assert (found.decisions, found.differing) == (6, 3), "the third decision of `a` differs by its state alone"
    end = as_simulation(BEFORE, STRICTER, found)
    assert end.changed["lead_id"].to_list() == ["a"]
    assert end.leads.filter(lead_id="a").select("band_before", "band_after", "next_state_after").row(0) == (
        "warm",
        "warm",
        "qualifying",
    )


def test_coming_into_a_pool_is_noted_once():
    entered = both().before.entered
    assert entered.select("lead_id", "pool", "is_first").rows() == [
        ("a", "sdr.priority", True),
        ("b", "auto.newsletter", True),
        ("b", "sdr.inbound", False),
        ("a", "sdr.inbound", False),
    ]


CAPPED = capped(TEXT, "{per_lead_7d: 2, per_account_7d: 3}")
LATE = late(TEXT, steps="{after: 1.0, do: reassign_fallback}")


def test_caps_see_the_touches_that_the_version_itself_made_of_lead_and_account():
    """`b` is left in peace on its first day, and then the account's three touches are spent by both leads together."""
    policy, (keys, seen) = parser.load(CAPPED, "capped"), history(BEFORE)
    actions = outputs(policy, keys, replace(seen, units=["acme"] * 6), name="action")
    assert actions == ["call_now", "call_now", "wait", "wait", "send_case_study", "wait"]
    alone = outputs(policy, keys, replace(seen, units=[lead for lead, _ in keys]), name="action")
    assert alone == ["call_now", "call_now", "wait", "wait", "send_case_study", "send_case_study"]
    found = both(texts=(TEXT, CAPPED), units=["acme"] * 6)
    assert (found.before.way.capped, found.after.way.capped) == (0, 2)


def test_a_breach_is_carried_out_at_the_next_decision_unless_somebody_took_the_lead_up():
    """`a` is to be called within 15 minutes, `b` from its second day on within 240; each is decided a day later."""
    policy, (keys, seen) = parser.load(LATE, "late"), history(BEFORE)
    assert outputs(policy, keys, seen, name="pool")[:3] == ["sdr.priority", "sdr.inbound", "sdr.inbound"]
    assert [turn.breached for turn in roll(policy, keys, seen)] == [False, False, True, False, False, True]
    worked = {"a": [(START + timedelta(minutes=14), None)]}
    taken_up = [turn.outcome.pool for turn in roll(policy, keys, seen, lambda: worked)]
    assert taken_up[2] == "sdr.priority"
    ends = [both(texts=(TEXT, LATE), until=START + timedelta(hours=48, minutes=late)) for late in (239, 240)]
    assert [vars(one.after.way) for one in ends] == [
        {"timed_out": 0, "breached": 2, "capped": 0, "overdue": overdue} for overdue in (0, 1)
    ]
    assert ends[1].before.way.breached == ends[1].before.way.overdue == 0
    assert ends[0].after.entered.equals(ends[0].before.entered), "the rules send nobody elsewhere"
