"""The blocks around the decision: time-outs, effects, breaches, tie-breaks, effective windows, caps, privacy."""

from datetime import UTC, datetime
from random import Random

import pytest

from core.policy import parser
from core.policy.agreed import breach_plan, breached
from core.policy.caps import caps_of, quiet_minutes
from core.policy.checker import check
from core.policy.errors import EffectiveOverlaps, PolicyExpired
from core.policy.evaluator import compile, explain
from core.policy.inputs import fill, fresh
from core.policy.overlay import overlay_of
from core.policy.prover import prove
from core.policy.queueing import queue_order
from core.policy.timeouts import after_timeouts, effects_of, timeout_of
from core.policy.windows import require_apart, require_unexpired, window_of
from tests.policy.conftest import example_text

TOUCHES = "    touches_7d:       {type: int,"
CAPPED = (TOUCHES, f"    local_minute: {{type: int, min: 0, max: 1439, required: false}}\n{TOUCHES}")


def changed_text(*pairs):
    text = example_text()
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def changed(*pairs):
    return parser.load(changed_text(*pairs), "changed.yaml")


def refused(*pairs):
    policy, found = parser.read(changed_text(*pairs), "changed.yaml")
    assert policy is None
    return [item.code for item in found]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("{pct: 25, min_hours: 48", "{pct: 2, min_hours: 48", "rollout_order"),
        ("    alpha: 0.05\n    method: always_valid", "    alpha: 0\n    method: always_valid", "wrong_alpha"),
        ("{alpha: 0.001, action: abort}", "{alpha: 1, action: abort}", "wrong_alpha"),
        ("two_noncritical, judge_nodata_2h", "two_noncritcal, judge_nodata_2h", "unknown_cause"),
    ],
)
def test_a_plan_that_could_not_be_judged_or_followed_is_refused(old, new, code):
    assert refused((old, new)) == [code]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  strategy: canary                               # shadow | canary | blue_green\n  unit: account_id",
         "  strategy: canary\n  unit: acount_id", "unknown_unit"),
        ("max_seconds: 60", "max_seconds: 3", "wrong_seconds"),
    ],
)  # fmt: skip
def test_what_stored_versions_may_hold_is_refused_of_a_text_that_is_handed_in(old, new, code):
    text = changed_text((old, new))
    assert parser.load(text, "stored.yaml").document.rollout
    found = check(text, "new.yaml")
    assert [one.code for one in found.diagnostics] == [code] and not found.ok and found.policy is None


def step_by_step(document, state, minutes):
    """The same, one time-out at a time."""
    while (due := timeout_of(document, state)) and minutes >= due[0]:
        minutes, state = minutes - due[0], due[1]
    return state, minutes


@pytest.mark.parametrize(
    ("state", "minutes", "stands"),
    [
        ("new", 14, ("new", 14)),
        ("new", 15, ("qualifying", 0)),
        ("new", 15 + 1440 + 129_599, ("nurturing", 129_599)),
        ("nurturing", 129_600 + 10_080, ("nurturing", 0)),
        ("converted", 5_000_000, ("converted", 5_000_000)),
    ],
)
def test_a_state_is_left_at_its_very_minute(example, state, minutes, stands):
    waited = after_timeouts(example.document, state, minutes)
    assert (waited.state, waited.minutes) == stands


def test_circles_of_time_outs_end_where_single_steps_end(example):
    rng = Random(3)
    for _ in range(300):
        state, minutes = rng.choice(list(example.document.lifecycle.states)), rng.randrange(5_256_001)
        waited = after_timeouts(example.document, state, minutes)
        assert (waited.state, waited.minutes) == step_by_step(example.document, state, minutes), (state, minutes)


def test_a_move_brings_about_exit_and_entry_effects_and_staying_none(example):
    document = example.document
    assert effects_of(document, "working", "nurturing") == ("stop_sla", "enrol_nurture")
    assert effects_of(document, "working", "working") == ()
    assert effects_of(document, "new", "working") == ("notify_owner", "start_sla")
    trace = explain(example, fill(example, {"score": 0.9}))["trace"]
    assert trace["lifecycle"]["effects"] == ["notify_owner", "start_sla"]
    assert trace["lifecycle"]["timeout"] == {"after_min": 20160, "to": "recycled"}


def test_a_breach_takes_the_lead_down_the_chain_and_then_escalates(example):
    plan = breach_plan(example.document, "sdr.na", 15)
    assert [(step.after_min, step.do, step.pool) for step in plan] == [
        (15, "reassign_fallback", "sdr.fast"),
        (30, "escalate_manager", "sdr.fast"),
    ]
    assert breached(plan, 29) == plan[:1]
    assert breach_plan(example.document, None, 15) == () == breach_plan(example.document, "sdr.na", None)
    told = explain(example, fill(example, {"score": 0.9}))["trace"]["sla"]
    assert told["clock"] == "business_hours" and told["on_breach"][0]["pool"] == "sdr.fast"


def test_a_breach_goes_no_more_hops_than_allowed():
    steps = "[{after: 1, do: reassign_fallback}, {after: 2, do: reassign_fallback}, {after: 3, do: reassign_fallback}]"
    old = "on_breach: [{after: 1.0, do: reassign_fallback}, {after: 2.0, do: escalate_manager}]"
    plan = breach_plan(changed((old, f"on_breach: {steps}")).document, "sdr.fast", 10)
    assert [step.pool for step in plan] == ["sdr.general", "q.unassigned", "q.unassigned"]


def test_a_queue_is_sorted_by_priority_then_by_the_tie_break(example):
    assert queue_order(example.document) == (("priority", True), ("event_time", False), ("lead_id", False))


def test_a_value_older_than_its_field_allows_is_missing(example):
    lead = fill(example, {"score": 0.9})
    assert fresh(example, lead, {"score": 60}) == lead
    stale = fresh(example, lead, {"score": 61, "region": 10**6})
    assert stale["score"] is None and stale["region"] == "NA"
    outcome = compile(example).decide(stale)
    assert (outcome.disposition, outcome.pool) == ("HOLD", "q.data_quality")


FROM = "effective: {from: 2026-11-24T08:00:00Z, until: null}"


def windowed(since, until, parent=None):
    text = example_text().replace(FROM, f"effective: {{from: {since or 'null'}, until: {until or 'null'}}}")
    if parent:
        first = next(line for line in text.splitlines() if line.strip().startswith("parent:"))
        text = text.replace(first, f"  parent: {parent}")
    return parser.load(text, "windowed.yaml")


def test_a_window_has_its_beginning_and_not_its_end():
    window = window_of(windowed("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z").document)
    assert window.at(datetime(2026, 11, 30, tzinfo=UTC)) == "early"
    assert window.at(datetime(2026, 12, 1, tzinfo=UTC)) == "open"
    assert window.at(datetime(2027, 1, 1, tzinfo=UTC)) == "expired"


def test_an_expired_policy_and_overlapping_windows_are_refused(default):
    december, later = ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"), ("2027-01-01T00:00:00Z", None)
    first = windowed(*december)
    with pytest.raises(PolicyExpired, match="2027-01-01"):
        require_unexpired(first, datetime(2027, 3, 1, tzinfo=UTC))
    require_unexpired(first, datetime(2026, 12, 5, tzinfo=UTC))
    require_apart(windowed(*later), [first, default])
    with pytest.raises(EffectiveOverlaps):
        require_apart(windowed("2026-12-31T00:00:00Z", None), [first])
    open_ended = windowed("2026-12-01T00:00:00Z", None)
    with pytest.raises(EffectiveOverlaps):
        require_apart(windowed(*later), [open_ended])
    require_apart(windowed(*later, parent=open_ended.content_hash), [open_ended])


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("20:00-08:00 lead_tz", ((1200, 1439), (0, 479))),
        ("08:00-20:00", ((480, 1199),)),
        ("22:30-00:00", ((1350, 1439),)),
        ("20:00-20:00", None),
        ("25:00-08:00", None),
        ("evenings", None),
    ],
)
def test_quiet_hours_are_minutes_of_the_leads_own_day(text, spans):
    assert quiet_minutes(text) == spans


def test_a_cap_takes_the_action_away_in_every_arm_and_reads_the_engines_input_where_none_is_declared():
    policy = changed(CAPPED)
    assert [cap.key for cap in caps_of(policy.document)] == ["per_lead_7d", "per_account_7d", "quiet_hours"]
    sources = {name: policy.input_fields[name].source for name in ("local_minute", "account_touches_7d", "touches_7d")}
    assert sources == {"local_minute": None, "account_touches_7d": "engine.touches", "touches_7d": "feature"}
    assert "account_touches_7d" not in policy.tree["inputs"]["fields"]
    evaluator, overlay = compile(policy), overlay_of(policy)

    def action(arm, **given):
        lead = fill(policy, {"demo_request": True, "local_minute": 700} | given)
        return overlay.apply(evaluator.decide(lead), evaluator.normalised(lead), arm).action

    assert action("live", touches_7d=4) == "book_demo"
    assert action("live", touches_7d=5) == "wait" == action("live", account_touches_7d=8)
    assert action("live", local_minute=1200) == "wait" == action("live", local_minute=479)
    assert action("live", local_minute=None) == "book_demo"
    assert action("explore:call_now", demo_request=False, score=0.6, touches_7d=9) == "wait"


def test_proofs_in_the_effective_scope_know_of_caps():
    given = "demo_request AND disposition = 'PERMIT' AND band <> 'hot'"
    claim = f'  - {{id: P.act, kind: always, given: "{given}", claim: "action = \'book_demo\'"}}\n'
    policy = changed(CAPPED, ("properties:\n", f"properties:\n{claim}"))
    found = {(proof.name, proof.scope): proof for proof in prove(policy)}
    assert found["claim P.act", "core"].verdict == "pass"
    refuted = found["claim P.act", "effective"]
    assert refuted.verdict == "fail"
    assert dict(refuted.found.before or {})["action"] == "wait"


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ([("tie_break: [event_time asc, lead_id asc]", "tie_break: [event_time asc]")], "no_total_order"),
        ([("tie_break: [event_time asc, lead_id asc]", "tie_break: [event_tme asc, lead_id asc]")], "unknown_field"),
        ([("tie_break: [event_time asc, lead_id asc]", "tie_break: [event_time up, lead_id asc]")], "invalid_sort_key"),
        ([("sla_min: 15,   on_timeout: qualifying", "sla_min: 0,   on_timeout: qualifying")], "wrong_timeout"),
        ([("converted:    {entry: [stamp_converted]}", "converted: {sla_min: 5, on_timeout: new}")], "wrong_timeout"),
        ([("{after: 2.0, do: escalate_manager}", "{after: 1.0, do: escalate_manager}")], "breach_order"),
        ([('quiet_hours: "20:00-08:00 lead_tz"', 'quiet_hours: "at night"')], "invalid_hours"),
    ],
)
def test_blocks_that_cannot_be_carried_out_are_refused(pairs, code):
    assert code in refused(*pairs)
