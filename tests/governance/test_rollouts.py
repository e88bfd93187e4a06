"""From published to everybody: steps, the way back, schedules, emergencies, what falls due, and who did what."""

import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from core.governance import keeping
from core.governance.duties import of_entries, report
from core.governance.errors import ApprovalsMissing, Forbidden, NeverApproved, ParentConflict
from core.governance.errors_release import (
    DueInvalid,
    EvidenceVoid,
    ExpiryInvalid,
    GlassBroken,
    NoRollout,
    NothingBefore,
    OutsideWindow,
    RolloutEarly,
    RolloutUnderWay,
    RolloutUnfinished,
)
from core.governance.judging import LATENCY, NOT_OBSERVED, Judged, Verdicts, judged_of, ratio_of
from core.governance.observing import counted_in
from core.governance.store_release import RolloutStore
from core.kernel.errors import ReasonMissing
from core.policy.errors import EffectiveOverlaps, ParentStale
from core.policy.overlays import GuardMetric
from tests.governance.conftest import document, prove_once

PLAN = """
rollout:
  strategy: canary
  unit: account_id
  salt: ro-1
  steps: [{pct: 0, mode: shadow, min_hours: 1}, {pct: 10, min_decisions: 5}]
  judge:
    alpha: 0.05
    method: always_valid
    guards: [{metric: eligibility_rate, direction: either, max_rel_change: 0.1}]
  auto_rollback: {on: [any_critical, judge_nodata_2h], to: parent, max_seconds: 60}
"""


def publish(releases, text, approvers=("rita", "rob")):
    ref = releases.submit(text, "inbound.yaml", "ana").version.ref
    for name in approvers:
        releases.approve(ref, name)
    return releases.publish(ref, "ana", "weekly meeting").version


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    prove_once(monkeypatch)


@pytest.fixture
def first(releases):
    return publish(releases, document())


def ready(releases, text):
    """A version that is handed in and approved by two."""
    ref = releases.submit(text, "inbound.yaml", "ana").version.ref
    releases.approve(ref, "rita")
    releases.approve(ref, "rob")
    return ref


def later(releases, **span):
    releases.clock.moment += timedelta(**span)


def test_a_plan_leads_from_shadow_to_everybody_and_each_step_waits_for_its_time(releases, first):
    releases._users.add("vic", "viewer", "root")
    second = publish(releases, document(hot=0.7) + PLAN)
    shadow = releases.rollouts.exposure("inbound")
    assert (shadow.is_shadow, shadow.share, shadow.step) == (True, 0.0, 0)
    assert (shadow.before.content_hash, shadow.candidate.content_hash) == (first.content_hash, second.content_hash)
    with pytest.raises(RolloutEarly):
        releases.rollouts.advance("inbound", "ana", "looks fine")
    later(releases, hours=1)
    with pytest.raises(ReasonMissing):
        releases.rollouts.advance("inbound", "ana", "")
    with pytest.raises(Forbidden):
        releases.rollouts.advance("inbound", "vic", "I want it")
    releases.rollouts.advance("inbound", "ana", "looks fine")
    canary = releases.rollouts.exposure("inbound")
    assert (canary.is_shadow, canary.share, canary.step, canary.unit) == (False, 0.1, 1, "account_id")
    with pytest.raises(RolloutEarly) as early:
        releases.rollouts.advance("inbound", "ana", "looks fine")
    assert "0 of 5" in early.value.message
    told = releases.rollouts.status("inbound")
    assert told["judge"]["verdict"] == "inconclusive" and told["state"] == "under_way"
    with pytest.raises(RolloutUnderWay):
        publish(releases, document(hot=0.6))
    back = releases.rollback("inbound", "rita", "too many held").version
    with pytest.raises(RolloutUnfinished) as unfinished:
        releases.rollback("inbound", "ana", "everybody at once", second.ref)
    assert "Publish it" in unfinished.value.remedy
    assert back.content_hash == first.content_hash
    assert releases.rollouts.exposure("inbound") is None and releases.rollouts.status("inbound")["state"] == "aborted"
    with pytest.raises(NoRollout):
        releases.rollouts.advance("inbound", "ana", "again")
    alarm = keeping.alarms(releases)[0]
    assert alarm.kind == "post_review" and alarm.is_due
    for who in ("rita", "vic", "ana"):
        assert not releases.reviews.comment(back.ref, who, "Fine."), "who went back, and who reviews nothing"
        assert [one.kind for one in keeping.alarms(releases)] == ["post_review"]
    assert releases.reviews.comment(back.ref, "rob", "Looked at it: the hold rule was too wide.")
    assert keeping.alarms(releases) == []


@pytest.mark.parametrize(
    ("plan", "shares"),
    [
        ("strategy: blue_green", (0.0, 1.0)),
        ("strategy: shadow", (0.0, 1.0)),
        ("strategy: canary", (0.05, 0.25, 0.5, 1.0)),
        ("strategy: canary, steps: [{pct: 10}]", (0.1, 1.0)),
    ],
)
def test_every_strategy_is_a_ladder_that_ends_with_everybody(releases, first, plan, shares):
    publish(releases, document(hot=0.7) + f"rollout: {{{plan}, unit: lead_id, salt: s}}\n")
    seen = []
    while found := releases.rollouts.open("inbound"):
        seen.append(found.share)
        releases.rollouts.advance("inbound", "ana", "go on")
    assert (*seen, 1.0) == shares and releases.rollouts.status("inbound")["state"] == "completed"
    assert not releases.rollouts.is_unfinished(releases.policies.active_hash("inbound"))
    assert releases.rollouts.exposure("inbound") is None


def test_a_rollout_without_any_decision_goes_back_by_itself_after_two_hours(releases, first, monkeypatch):
    publish(releases, document(hot=0.7) + PLAN)
    read, store = [], releases.rollouts.store
    monkeypatch.setattr(store, "seen", lambda row: read.append(row) or RolloutStore.seen(store, row))
    assert keeping.keep(releases) == [] and len(read) == 1, "one look reads the decisions once"
    later(releases, hours=3)
    assert keeping.keep(releases) == [f"{first.ref} decides again: no decision came for two hours"]
    entry = releases._database.entries("policy").row(-1, named=True)
    assert (entry["kind"], entry["actor"]) == ("policy.rolled_back", "leadbench")
    assert keeping.keep(releases) == []


def test_a_rollout_is_looked_at_twice_within_the_seconds_of_its_way_back(releases, first):
    assert keeping.soonest(releases) is None
    publish(releases, document(hot=0.7) + PLAN.replace("max_seconds: 60", "max_seconds: 8"))
    assert keeping.soonest(releases) == 4.0


def test_the_keeper_takes_back_only_what_it_looked_at(releases, first):
    second = publish(releases, document(hot=0.7) + PLAN)
    found = releases.rollouts.open("inbound")
    releases.rollback("inbound", "rita", "worse")
    third = publish(releases, document(hot=0.6))
    later(releases, hours=3)
    row = {"name": "inbound", "content_hash": second.content_hash, "before_hash": first.content_hash}
    steps = (
        lambda: keeping._judge(releases, second, found),
        lambda: keeping._expire_version(releases, second, "then"),
        lambda: keeping._expire_glass(releases, row),
    )
    for step in steps:
        with pytest.raises(ParentStale):
            step()
    assert releases.policies.active("inbound").ref == third.ref


def test_a_time_without_any_decision_of_the_version_before_is_observed_but_has_too_few(releases):
    seen = pl.DataFrame({"lead_id": ["l"], "account_id": ["a"], "ms": [3.0]})
    counted = counted_in(LATENCY, 5.0, {False: seen.clear(), True: seen})
    guard = GuardMetric(metric=LATENCY, direction="increase", max_abs=5)
    assert judged_of(guard, counted, 0.05).reason == "fewer than 30 accounts in an arm"


def test_a_comment_from_before_reviews_were_told_apart_was_the_review(releases, store, first):
    publish(releases, document(hot=0.7))
    releases.rollback("inbound", "rita", "worse")
    for who, due in (("rita", ["rollback"]), ("ana", [])):
        with store.change("policy", "policy.commented", who) as change:
            releases.policies.record_action(change, first.content_hash, "commented", who, "Looked at it.")
            change.body.update(content_hash=first.content_hash, name="inbound", comment="Looked at it.")
        assert [one.kind for one in releases.reviews.due()] == due


def unobserved():
    """A guard that leadbench does not count: it tells of no lead, however many there are."""
    return Judged("complaint_rate", "inconclusive", True, None, None, None, None, None, None, 0, 0, NOT_OBSERVED)


@pytest.mark.parametrize(("leads", "why"), [(500, None), (0, "no decision came for two hours")])
def test_two_hours_without_data_are_told_by_decisions_and_not_by_what_guards_can_count(releases, first, leads, why):
    publish(releases, document(hot=0.7) + PLAN)
    found = releases.rollouts.open("inbound")
    verdicts = Verdicts("inconclusive", None, (unobserved(),), "inconclusive: complaint_rate")
    now = releases.clock.now() + timedelta(hours=3)
    assert keeping.rolls_back(found, verdicts, leads, now) == why
    assert keeping.rolls_back(found, verdicts, leads, releases.clock.now()) is None


@pytest.mark.parametrize(("check", "goes_back"), [("abort", True), ("pause", False), (None, True)])
def test_arms_of_the_wrong_size_go_back_or_wait_as_the_plan_says(releases, first, check, goes_back):
    written = f"    sample_ratio_mismatch: {{alpha: 0.001, action: {check}}}\n" if check else ""
    publish(releases, document(hot=0.7) + PLAN.replace("  auto_rollback:", f"{written}  auto_rollback:"))
    found = releases.rollouts.open("inbound")
    verdicts = Verdicts("fail", ratio_of(9_000, 1_000, 0.05), (), "sizes")
    assert keeping.rolls_back(found, verdicts, 1_000, releases.clock.now()) == ("sizes" if goes_back else None)


def test_a_way_back_that_is_refused_is_told_and_keeps_no_other_policy_waiting(releases, first, monkeypatch):
    publish(releases, document("outbound"))
    publish(releases, document("outbound", hot=0.7) + PLAN)
    glass = releases.submit(document(hot=0.6), "inbound.yaml", "ana").version.ref
    releases.emergencies.break_glass(glass, "ana", "queue is closed", "2h")
    window = "  effective: {until: 2026-11-24T11:00:00Z}\n"
    text = document(hot=0.7).replace("  risk_class: medium\n", "  risk_class: medium\n" + window)
    with pytest.raises(GlassBroken):
        publish(releases, text + PLAN)
    ends = publish(releases, text)
    later(releases, hours=4)
    with monkeypatch.context() as patched:
        patched.setattr(keeping, "_expire_version", lambda releases, version, until: refuse(version.ref))
        told = keeping.keep(releases)
    assert "never approved" in told[0] and releases.policies.active("inbound").ref == ends.ref
    assert told[1].startswith("outbound@") and "decides again" in told[1]
    assert keeping.keep(releases) == [f"{ends.ref} expired; {first.ref} decides again"], "past the broken glass"


def refuse(ref):
    raise NeverApproved(ref)


def test_broken_glass_decides_at_once_expires_and_stays_listed(releases, first):
    ref = releases.submit(document(hot=0.6), "inbound.yaml", "rita").version.ref
    glass = releases.emergencies
    for lasts in ("5h", "0m"):
        with pytest.raises(ExpiryInvalid):
            glass.break_glass(ref, "ana", "queue is closed", lasts)
    with pytest.raises(ReasonMissing):
        glass.break_glass(ref, "ana", " ", "1h")
    glass.break_glass(ref, "ana", "queue is closed", "2h")
    assert releases.policies.active("inbound").ref == ref
    other = releases.submit(document(hot=0.5), "inbound.yaml", "ana").version.ref
    with pytest.raises(GlassBroken):
        glass.break_glass(other, "ana", "more", "1h")
    assert [one.kind for one in keeping.alarms(releases)] == ["broken_glass"]
    later(releases, hours=2)
    assert "an emergency expired" in keeping.keep(releases)[0]
    assert releases.policies.active("inbound").content_hash == first.content_hash
    assert releases.emergencies.glass.all()["ended_how"].to_list() == ["rolled back"]
    told = report(releases._database)
    assert told["ok"] and [one["reason"] for one in told["exceptions"]] == ["queue is closed"]
    assert [(one.kind, one.is_open) for one in releases.reviews.due()] == [("emergency", False), ("rollback", False)]
    for who in ("ana", "rita"):
        assert not releases.reviews.comment(ref, who, "It was mine."), "who broke the glass, and who wrote it"
    assert releases.reviews.comment(ref, "rob", "Read.")
    assert [one.kind for one in releases.reviews.due()] == ["rollback"]
    with pytest.raises(Exception, match="never approved"):
        releases.rollback("inbound", "rita", "again", ref)


def test_the_way_back_from_over_broken_glass_leads_to_what_was_approved(releases, first):
    """Also where another version took its place: by itself past it, or to the version that is named."""
    glass = releases.submit(document(hot=0.6), "inbound.yaml", "ana").version.ref
    releases.emergencies.break_glass(glass, "ana", "queue is closed", "2h")
    over = publish(releases, document(hot=0.7))
    assert over.parent == releases.policies.get(glass).content_hash
    assert [one.kind for one in releases.reviews.due()] == ["emergency"], "another version took its place unread"
    assert releases.rollback("inbound", "rita", "too few").version.ref == first.ref
    assert releases.rollback("inbound", "rita", "as it was", over.ref).version.ref == over.ref
    with pytest.raises(NeverApproved) as named:
        releases.rollback("inbound", "rita", "again", glass)
    assert "--to" in named.value.remedy and "edit it" in named.value.remedy


def test_what_is_approved_meanwhile_stays(releases, first):
    ref = releases.submit(document(hot=0.6), "inbound.yaml", "ana").version.ref
    releases.emergencies.break_glass(ref, "ana", "queue is closed", "2h")
    releases.approve(ref, "rita")
    releases.approve(ref, "rob")
    later(releases, hours=3)
    assert keeping.keep(releases) == [] and releases.policies.active("inbound").ref == ref
    publish(releases, document(hot=0.5))
    assert releases.rollback("inbound", "rita", "worse").version.ref == ref
    assert report(releases._database)["violations"] == [], "it was approved, if afterwards"


def test_glass_is_broken_over_something_and_for_something_handed_in(releases):
    ref = releases.submit(document(), "inbound.yaml", "ana").version.ref
    with pytest.raises(NothingBefore):
        releases.emergencies.break_glass(ref, "ana", "hurry", "1h")
    publish(releases, document())
    draft = releases.draft(document(hot=0.55), "inbound.yaml", "ana")[1].version.ref
    with pytest.raises(ApprovalsMissing):
        releases.emergencies.break_glass(draft, "ana", "hurry", "1h")


def test_a_scheduled_publishing_comes_at_its_time_and_a_stale_one_is_noted(releases, first):
    refs = [releases.submit(document(hot=hot), "inbound.yaml", "ana").version.ref for hot in (0.7, 0.6)]
    for ref in refs:
        with pytest.raises(ApprovalsMissing):
            releases.later(ref, "ana", "at night", releases.clock.now() + timedelta(hours=1))
        releases.approve(ref, "rita")
        releases.approve(ref, "rob")
    with pytest.raises(DueInvalid):
        releases.later(refs[0], "ana", "at night", releases.clock.now() - timedelta(hours=1))
    for ref in refs:
        releases.later(ref, "ana", "at night", releases.clock.now() + timedelta(hours=1))
        if ref == refs[0]:
            with pytest.raises(EffectiveOverlaps):
                releases.later(refs[1], "ana", "at night", releases.clock.now() + timedelta(hours=2))
        assert keeping.keep(releases) == []
        if ref == refs[1]:
            publish(releases, document(hot=0.65))
        later(releases, hours=1)
        told = keeping.keep(releases)[0]
        assert told == f"{ref} decides as scheduled" if ref == refs[0] else "was not published" in told
        if ref == refs[0]:
            with pytest.raises(ParentConflict):
                releases.later(refs[1], "ana", "at night", releases.clock.now() + timedelta(hours=1))
            assert ready(releases, document(hot=0.6)) == refs[1]
    assert releases.emergencies.schedules.all()["state"].to_list() == ["refused", "done"]


def test_a_window_is_kept_and_its_end_brings_the_version_before_back(releases, first):
    window = (
        "  effective: {from: 2026-11-24T10:00:00Z, until: 2026-11-25T10:00:00Z}\n  review_by: 2026-11-24T12:00:00Z\n"
    )
    text = document(hot=0.7).replace("  risk_class: medium\n", "  risk_class: medium\n" + window)
    ref = releases.submit(text, "inbound.yaml", "ana").version.ref
    releases.approve(ref, "rita")
    releases.approve(ref, "rob")
    with pytest.raises(OutsideWindow):
        releases.publish(ref, "ana", "early")
    later(releases, hours=4)
    releases.publish(ref, "ana", "in time")
    assert {one.kind: one.is_due for one in keeping.alarms(releases)} == {"review": True, "expiry": False}
    later(releases, days=1)
    assert keeping.keep(releases) == [f"{ref} expired; {first.ref} decides again"]
    assert releases.standing(ref).version.state == "expired"


def test_approval_binds_to_bundle_and_evidence(releases, store):
    ref = releases.submit(document(), "inbound.yaml", "ana").version.ref
    found = releases.submission(ref)
    assert found.is_intact and found.bundle.policy == releases.standing(ref).version.content_hash
    assert found.evidence["seed"] == 7 and all(one["verdict"] == "pass" for one in found.evidence["checks"])
    releases.approve(ref, "rita")
    with store.change("policy", "policy.tampered", "mallory") as change:
        change.execute("UPDATE submissions SET evidence = replace(evidence, '\"seed\":7', '\"seed\":8')")
    with pytest.raises(EvidenceVoid) as void:
        releases.approve(ref, "rob")
    assert "altered" in void.value.message
    releases.request_changes(ref, "rob", "hand it in again")
    releases.submit(document(), "inbound.yaml", "ana")
    assert releases.standing(ref).approvers == ()
    entry = json.loads(releases._database.entries("policy").filter(kind="policy.submitted").row(-1, named=True)["body"])
    assert {"bundle_hash", "evidence_hash"} <= set(entry)


def test_what_no_longer_holds_is_made_anew_by_handing_it_in_again(releases, monkeypatch):
    ref = releases.submit(document(), "inbound.yaml", "ana").version.ref
    releases.approve(ref, "rita")
    entries = releases._database.entries("policy").height
    releases.submit(document(), "inbound.yaml", "ana")
    assert releases._database.entries("policy").height == entries and releases.standing(ref).approvers == ("rita",)
    of = releases.bundles.of
    monkeypatch.setattr(releases.bundles, "of", lambda policy: replace(of(policy), model="sha256:newer"))
    with pytest.raises(EvidenceVoid) as void:
        releases.approve(ref, "rob")
    assert "model" in void.value.message and "Submit the version again" in void.value.remedy
    releases.submit(document(), "inbound.yaml", "ana")
    assert releases.standing(ref).approvers == (), "nobody approved it with that model"
    for name in ("rita", "rob"):
        releases.approve(ref, name)
    assert releases.publish(ref, "ana", "with the newer model").version.ref == ref


def test_the_duties_report_finds_who_approved_his_own_and_who_published_too_early():
    def entry(seq, kind, actor, **body):
        told = {"content_hash": "sha256:1", **body}
        return {"seq": seq, "stream": "policy", "kind": kind, "at": "t", "actor": actor, "body": json.dumps(told)}

    told = of_entries(
        [
            entry(1, "policy.submitted", "ana", risk_class="medium"),
            entry(2, "policy.approved", "ana"),
            entry(3, "policy.approved", "rita"),
            entry(4, "policy.published", "ana"),
        ]
    ).to_json()
    assert [one["seq"] for one in told["violations"]] == [2, 4] and not told["ok"]
