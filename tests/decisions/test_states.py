"""Where a lead stands between decisions, and what a policy is told of it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.decisions.states import FRESH, LeadState, after, state_inputs
from core.policy import parser

DAY = datetime(2026, 11, 1)


@pytest.fixture(scope="module")
def told(policy):
    return state_inputs(policy)


def test_a_lead_without_a_past_starts_at_the_policys_initial_state(told):
    assert told.of(FRESH, DAY) == {"prev_band": "none", "dwell_min": 0, "state": "new"}


def test_since_stays_while_nothing_changes():
    first = after(FRESH, DAY, "warm", "working")
    second = after(first, DAY + timedelta(days=1), "warm", "nurturing")
    assert second.band_since == DAY
    assert second.state_since == DAY + timedelta(days=1)


def test_a_decision_without_a_band_keeps_the_one_before():
    before = after(FRESH, DAY, "warm", "working")
    held = after(before, DAY + timedelta(days=1), None, "working")
    assert (held.band, held.band_since) == ("warm", DAY)


def test_ages_are_whole_minutes(told):
    before = LeadState(DAY, "warm", DAY, "working", DAY)
    assert told.of(before, DAY + timedelta(minutes=90, seconds=59))["dwell_min"] == 90


def test_an_age_stays_within_the_fields_domain(told):
    before = LeadState(DAY, "warm", DAY - timedelta(days=400_000 // 1440 * 365), "working", DAY)
    narrow = replace(told, most={"dwell_min": 525_600})
    assert narrow.of(before, DAY)["dwell_min"] == 525_600


def test_words_of_another_policy_count_as_none(told):
    before = LeadState(DAY, "platinum", DAY, "courting", DAY)
    assert told.of(before, DAY + timedelta(days=1)) == {"prev_band": "none", "dwell_min": 0, "state": "new"}


def test_a_policy_is_told_only_what_it_declares(policy):
    lines = [line for line in policy.text.splitlines() if not line.lstrip().startswith("dwell_min:")]
    text = "\n".join(line for line in lines if "min_dwell_min" not in line)
    assert "dwell_min" not in state_inputs(parser.load(text + "\n", "short.yaml")).of(FRESH, DAY)


def timed(policy, timeout):
    text = policy.text.replace("states: {new: {}, qualifying", f"states: {{new: {timeout}, qualifying")
    assert text != policy.text
    return state_inputs(parser.load(text, "timed.yaml"))


def test_a_state_that_timed_out_is_left_at_the_minute_it_did(policy):
    told = timed(policy, "{sla_min: 60, on_timeout: nurturing}")
    before = LeadState(DAY, "warm", DAY, "new", DAY)
    assert told.waited(before, DAY + timedelta(minutes=59, seconds=59)) == before
    late = told.waited(before, DAY + timedelta(minutes=61, seconds=30))
    assert (late.state, late.state_since) == ("nurturing", DAY + timedelta(minutes=60))
    assert (late.moment, late.band, late.band_since) == (DAY, "warm", DAY)
    assert told.of(late, DAY + timedelta(minutes=61))["state"] == "nurturing"
    assert told.waited(FRESH, DAY) == FRESH
