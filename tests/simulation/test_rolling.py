"""Rolled forward, a lead's band and state are those that the version itself made of it."""

from datetime import datetime, timedelta

import polars as pl

from core.policy import default, editing, parser
from core.policy.inputs import fill
from core.simulation.on_store import as_simulation
from core.simulation.rolling import roll, roll_both

TEXT = default.shipped()
BEFORE = parser.load(TEXT, "before")
STRICTER = parser.load(editing.with_threshold(TEXT, "hot", 0.9, 0.85), "after")
START = datetime(2026, 1, 1)
SCORES = {"a": [0.85, 0.78, 0.74], "b": [0.2, 0.6, 0.6]}


def history(policy, hours: float = 24):
    return [
        (lead, START + timedelta(hours=hours * place), fill(policy, {"score": score}))
        for lead, scores in SCORES.items()
        for place, score in enumerate(scores)
    ]


def outputs(policy, steps, name="band"):
    return [getattr(outcome, name) for outcome, _ in roll(policy, steps)]


def both(hours: float = 24):
    rows = pl.DataFrame([step[:2] for step in history(BEFORE, hours)], schema=["lead_id", "moment"], orient="row")
    old, new = ([step[2] for step in history(policy, hours)] for policy in (BEFORE, STRICTER))
    return roll_both(((BEFORE.text, "before"), (STRICTER.text, "after")), rows, (old, new), lambda done, text: None)


def test_hysteresis_follows_the_version_and_not_the_record():
    bands = outputs(BEFORE, history(BEFORE))
    assert bands == ["hot", "hot", "warm", "cold", "warm", "warm"]
    assert outputs(STRICTER, history(STRICTER))[:3] == ["warm", "warm", "warm"]


def test_a_short_stay_holds_the_band_only_where_the_version_gave_it():
    dwell = outputs(BEFORE, history(BEFORE, hours=0.25))
    assert dwell[:3] == ["hot", "hot", "warm"], "30 minutes after it became hot it may fall"
    assert outputs(BEFORE, history(BEFORE, hours=0.2))[:3] == ["hot"] * 3


def test_states_go_on_from_lead_to_lead_anew():
    states = outputs(BEFORE, history(BEFORE), "next_state")
    assert states == ["working", "working", "working", "nurturing", "qualifying", "qualifying"]


def test_states_time_out_on_the_way_as_the_version_says():
    timed = TEXT.replace("qualifying: {}", "qualifying: {sla_min: 60, on_timeout: nurturing}")
    policy = parser.load(timed, "timed")
    given = fill(policy, {"score": 0.6})
    cooler = {**given, "score": 0.1}
    steps = [("a", START + timedelta(minutes=at), one) for at, one in ((0, given), (59, cooler), (120, given))]
    assert [(one.next_state, late) for one, late in roll(policy, steps)] == [
        ("qualifying", False),
        ("nurturing", False),
        ("qualifying", False),
    ]
    waiting = [("a", START + timedelta(minutes=at), given) for at in (0, 59, 120)]
    assert [late for _, late in roll(policy, waiting)] == [False, False, True]
    assert not any(late for _, late in roll(BEFORE, waiting))


def test_a_lead_without_dates_begins_anew_at_every_decision():
    steps = [(lead, None, given) for lead, _, given in history(BEFORE)]
    assert outputs(BEFORE, steps)[:2] == ["hot", "warm"]


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
        ("a", "sdr.inbound", False),
        ("b", "auto.newsletter", True),
        ("b", "sdr.inbound", False),
    ]
