"""The history of the store, as any version would see it - and the version that decided makes the same of it again."""

import json
from dataclasses import replace
from datetime import timedelta
from random import Random

import polars as pl
import pytest

from core.decisions import standing
from core.decisions.engine import decide
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.policy import editing, parser
from core.simulation.on_store import IN_THIS_PROCESS, as_simulation, roll_on_store
from core.simulation.rolling import roll
from core.simulation.study import ROLLED, Question, study
from core.simulation.value import value
from tests.decisions.conftest import AS_OF
from tests.simulation.evolving import capped, late

DAY = 86_400_000_000


@pytest.fixture
def decided(store, feature_set, model, policy):
    spine = population(store, as_of=AS_OF, every_us=7 * DAY, last_us=28 * DAY).spine
    deciders = {"feature_set": feature_set, "model": model, "policy": policy, "arm": "trial", "actor": "ana"}
    decide(store, spine, **deciders)
    return store


def test_the_version_that_decided_rolled_forward_makes_every_stored_decision_again(decided, policy, monkeypatch):
    stricter = parser.load(editing.with_threshold(policy.text, "hot", 0.99, 0.98), "stricter.yaml")
    courses = standing.courses(decided, [policy, stricter])
    assert courses.rows.height == DecisionStore(decided).count() > IN_THIS_PROCESS / 100
    rolled = roll_on_store(policy, stricter, courses, None)
    stored = DecisionStore(decided).latest().sort("lead_id")
    last = rolled.before.last
    for name in ("disposition", "band", "pool", "action", "sla_min", "next_state", "priority"):
        assert last[name].to_list() == stored[name].to_list(), name
    assert rolled.differing > 0 and as_simulation(policy, stricter, rolled).changed.height > 0
    monkeypatch.setattr("core.simulation.on_store.IN_THIS_PROCESS", 10)
    assert roll_on_store(policy, stricter, courses, None).before.last.equals(last), "a worker says the same"


def test_so_does_one_with_caps_and_steps_for_breaches_decision_by_decision(store, feature_set, model, policy):
    """Touches of leads and accounts, quiet hours, a lead that was taken up, breaches by decisions of later hours."""
    full = parser.load(late(capped(policy.text), clock="business_hours"), "full.yaml")
    accounts = {"account_no": pl.Series(range(40), dtype=pl.Int32), "account_id": [f"acme-{n}" for n in range(40)]}
    members = {"lead_no": pl.Series(range(240), dtype=pl.Int32), "batch_id": "b-1", "origin": "leads"}
    members["account_no"] = pl.Series([number % 40 for number in range(240)], dtype=pl.Int32)
    hours = [timedelta(hours=one) for one in (9, 10, 21, 33, 57, 58, 81)]
    work = {"worked": True, "worked_at": AS_OF + hours[1], "received_at": AS_OF + hours[1], "batch_id": "b-1"}
    with store.change("signals", "outcomes.imported", "ana") as change:
        change.insert("accounts", pl.DataFrame(accounts))
        change.insert("lead_accounts", pl.DataFrame(members))
        change.insert("lead_work", pl.DataFrame({"lead_no": pl.Series(range(0, 240, 3), dtype=pl.Int32), **work}))
    for hour in hours:
        spine = population(store, as_of=AS_OF + hour).spine
        decide(store, spine, feature_set=feature_set, model=model, policy=full, arm="live", actor="ana")
    courses = standing.courses(store, [full, policy])
    turns = roll(full, courses.rows.select("lead_id", "moment").rows(), courses.seen_by(full), lambda: courses.work)
    stored = store.read("SELECT record FROM decisions ORDER BY coalesce(as_of, known_at), lead_id")["record"]
    for record, turn in zip(map(json.loads, stored), turns, strict=True):
        again = turn.outcome.to_json()
        del again["method"]
        assert {name: record[name] for name in again} == again
    way = roll_on_store(full, policy, courses, AS_OF + hours[-1]).before.way
    assert way.capped > 100 and way.breached > 10


def test_a_study_finds_the_same_from_the_same_and_says_what_it_cannot(decided, policy):
    stricter = parser.load(editing.with_threshold(policy.text, "hot", 0.99, 0.98), "stricter.yaml")
    told: list[float] = []
    question = Question(policy, stricter, ROLLED)
    found = study(decided, question, lambda done, text: told.append(done))
    assert found.evidence().hash == study(decided, question).evidence().hash
    assert told == sorted(told) and told[-1] <= 1
    result = found.result
    assert result["numbers"][ROLLED]["changed"] == found.simulation.changed.height > 0
    assert sum(row["leads"] for row in result["by_group"] if row["dimension"] == "region") == 240
    assert {one.dimension for one in found.harm} == {"region", "company_size"}
    assert (found.capacity["code"], found.value["code"]) == ("no_reps", "no_exploration")
    other = study(decided, Question(policy, policy, ROLLED))
    assert other.result["numbers"][ROLLED]["changed"] == 0 and other.evidence().hash != found.evidence().hash


EXPERIMENT = """
experiment:
  unit: lead_id
  salt: trial-1
  exploration:
    scheme: epsilon_greedy
    epsilon: 0.4
    over: {actions: [call_now, send_case_study, invite_webinar, wait]}
    min_propensity: 0.05
  reward: {name: demo_requested, type: binary, attribution_window_min: 10080}
"""
ACTIONS = ("call_now", "send_case_study", "invite_webinar", "wait")


def explored(courses, epsilon=0.4, seed=3, arm="live"):
    """The same decisions, had they been explored: each took an action at random with the propensities it tells."""
    rng, actions, told = Random(seed), [], []
    for action in courses.rows["action"]:
        shares = dict.fromkeys(ACTIONS, epsilon / 4)
        shares[action] += 1 - epsilon
        actions.append(rng.choices(list(shares), list(shares.values()))[0])
        told.append(json.dumps(shares))
    told_by = {"action": pl.Series(actions), "propensities": pl.Series(told), "arm": pl.lit(arm)}
    return replace(courses, rows=courses.rows.with_columns(**told_by))


def test_a_log_that_explored_tells_the_value_of_another_version_and_which_reward_it_means(decided, policy):
    text = policy.text.replace("\ntests:", f"{EXPERIMENT}\ntests:", 1)
    candidate = parser.load(editing.with_threshold(text, "hot", 0.99, 0.98), "candidate.yaml")
    courses = standing.courses(decided, [policy, candidate])
    found = value(decided, candidate, explored(courses), 7)
    assert (found["state"], found["reward"], found["window_days"]) == ("estimated", "demo_requested", 7)
    support = found["support"]
    assert 200 <= support["ess"] <= support["decisions"] < courses.rows.height, "what is too new has no reward yet"
    assert found["dr"]["low"] < found["logged"] < found["dr"]["high"], "actions change nothing here, whichever they are"
    assert 0 < found["logged"] < 1
    limited = parser.load(capped(text), "limited.yaml")
    unlogged = value(decided, limited, explored(standing.courses(decided, [limited])), 7)
    assert unlogged["code"] == "no_caps" and "`touches_7d`" in unlogged["reason"], "no touch was counted then"
    live = replace(courses, rows=courses.rows.with_columns(arm=pl.lit("live")))
    assert value(decided, candidate, live, 7)["code"] == "no_exploration"
    for arm in ("trial", "holdout"):
        assert value(decided, candidate, explored(courses, arm=arm), 7)["code"] == "no_propensities", arm


@pytest.mark.parametrize(
    ("reward", "code"),
    [("demo_requested, type: binary, attribution_window_min: 60480", "immature_rewards"),
     ("never_seen, type: binary, attribution_window_min: 60", "no_reward")],
)  # fmt: skip
def test_a_reward_that_is_not_known_is_said(decided, policy, reward, code):
    text = policy.text.replace("\ntests:", f"{EXPERIMENT}\ntests:", 1)
    text = text.replace("demo_requested, type: binary, attribution_window_min: 10080", reward)
    candidate = parser.load(text, "candidate.yaml")
    courses = standing.courses(decided, [candidate])
    assert value(decided, candidate, explored(courses), 7)["code"] == code
    silent = replace(courses, rows=courses.rows.with_columns(arm=pl.lit("live"), propensities=pl.lit("{}")))
    assert value(decided, candidate, silent, 7)["code"] == "no_propensities"
