"""Maker and checker: what it takes for a policy to decide."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from core.governance.errors import (
    AlreadyActive,
    AlreadyApproved,
    AlreadyBootstrapped,
    ApprovalsMissing,
    AuthorCannotApprove,
    DraftUnknown,
    Forbidden,
    NeverApproved,
    NothingToRollBack,
    ParentConflict,
)
from core.governance.errors_release import DraftMoved
from core.governance.history import active, history, inbox
from core.kernel.errors import LeadbenchError, ReasonMissing
from core.kernel.workers import Cancelled
from core.policy.errors import GoldenTestsFailed, ParentStale, TransitionRefused
from tests.governance.conftest import document, prove_once


def published(releases, text, approvers=("rita", "rob")):
    standing = releases.submit(text, "inbound.yaml", "ana")
    for name in approvers:
        releases.approve(standing.version.ref, name)
    return releases.publish(standing.version.ref, "ana", "agreed in the weekly meeting")


def kinds(releases):
    return releases._database.entries("policy")["kind"].to_list()


def test_a_submitted_policy_has_the_contracts_shape(releases):
    told = releases.submit(document(), "inbound.yaml", "ana").to_json()
    assert list(told) == ["name", "ref", "content_hash", "state"]
    assert told["state"] == "submitted"
    assert told["ref"] == "inbound@" + told["content_hash"].removeprefix("sha256:")[:12]


def test_a_request_for_approval_says_how_far_it_is_and_leaves_nothing_when_it_is_cancelled(releases):
    published(releases, document())
    before, cancel, said = kinds(releases), Event(), []
    draft_id, _ = releases.draft(document(hot=0.7), "inbound.yaml", "ana")

    def tell(done, text=""):
        said.append((done, text))
        if text == "simulating on the leads":
            cancel.set()

    with pytest.raises(Cancelled):
        releases.submit(document(hot=0.75), "inbound.yaml", "ana", draft_id, tell, cancel)
    assert [one for one in said if one[1]] == [(0.0, "checking and proving"), (0.1, "simulating on the leads")]
    assert kinds(releases) == [*before, "policy.drafted"]


@pytest.fixture
def quick(monkeypatch):
    prove_once(monkeypatch)


def meanwhile(step):
    """A progress that does something else while the evidence is made."""
    return lambda done, text="": step() if text == "simulating on the leads" else None


def test_a_request_does_not_take_back_what_was_approved_in_its_draft_meanwhile(releases, quick):
    draft_id, _ = releases.draft(document(hot=0.7), "studio", "ana")
    newer = document(hot=0.75, risk="low")

    def approve_another():
        releases.approve(releases.submit(newer, "studio", "ana", draft_id).version.ref, "rita")

    with pytest.raises(DraftMoved) as moved:
        releases.submit(document(hot=0.65), "studio", "ana", draft_id, meanwhile(approve_another))
    assert moved.value.code == "draft_moved" and "submit that" in moved.value.remedy
    assert [(one["state"], one["ref"][:8]) for one in history(releases)["versions"]] == [
        ("approved", "inbound@"),
        ("discarded", "inbound@"),
    ]
    assert kinds(releases) == ["policy.drafted", "policy.submitted", "policy.approved"]


def test_draft_and_submission_are_one_change(releases, quick):
    live = published(releases, document(risk="low"), ("rita",)).version
    draft_id, standing = releases.draft(document(hot=0.7), "studio", "ana")
    with pytest.raises(AlreadyActive):
        releases.submit(document(risk="low"), "studio", "ana", draft_id)
    assert releases.drafts.head(draft_id) == standing.version.content_hash != live.content_hash
    waits = releases.submit(document(hot=0.75), "inbound.yaml", "rob").version.ref
    releases.approve(waits, "rita")
    again = releases.submit(document(hot=0.75), "studio", "ana", draft_id)
    assert again.version.ref == waits and again.approvers == () and again.authors == {"ana", "rob"}
    body = json.loads(releases._database.entries("policy")["body"][-1])
    assert (body["replaces"], body["draft_id"]) == (standing.version.content_hash, draft_id)


def test_evidence_against_another_version_than_the_active_one_is_not_handed_in_or_approved(releases, quick):
    waits = releases.submit(document(hot=0.7), "inbound.yaml", "ana").version.ref
    with pytest.raises(ParentStale):
        newer = meanwhile(lambda: published(releases, document(risk="low"), ("rita",)))
        releases.submit(document(hot=0.75), "inbound.yaml", "ana", progress=newer)
    assert len(history(releases)["versions"]) == 2
    with pytest.raises(ParentConflict):
        releases.approve(waits, "rita")


def test_a_request_that_is_cancelled_in_its_last_stage_is_not_handed_in(releases, quick):
    cancel = Event()

    def tell(done, text=""):
        if text == "proving what changes":
            cancel.set()

    with pytest.raises(Cancelled):
        releases.submit(document(), "inbound.yaml", "ana", progress=tell, cancel=cancel)
    assert kinds(releases) == []


def failing() -> str:
    """A policy whose first test expects another band than its rules give."""
    return document().replace(
        "expect: {disposition: PERMIT, band: hot,", "expect: {disposition: PERMIT, band: cold,", 1
    )


def test_a_policy_that_fails_its_own_test_is_not_taken_in_and_leaves_nothing(releases):
    with pytest.raises(GoldenTestsFailed) as refusal:
        releases.submit(failing(), "inbound.yaml", "ana")
    assert "`a lead at the hot threshold is called`: `band` is `hot`, not `cold`" in refusal.value.message
    assert refusal.value.value == "a lead at the hot threshold is called"
    assert refusal.value.where.file == "inbound.yaml" and refusal.value.where.line > 1
    assert kinds(releases) == []


def test_a_draft_that_fails_its_own_test_is_kept_but_not_submitted(releases):
    draft_id, standing = releases.draft(failing(), "inbound.yaml", "ana")
    with pytest.raises(GoldenTestsFailed):
        releases.submit(failing(), "inbound.yaml", "ana", draft_id)
    assert releases.standing(standing.version.ref).version.state == "draft"


def test_author_cannot_approve(releases):
    ref = releases.submit(document(), "inbound.yaml", "rita").version.ref
    with pytest.raises(AuthorCannotApprove) as refused:
        releases.approve(ref, "rita")
    assert refused.value.code == "author_cannot_approve"
    assert releases.standing(ref).approvers == ()


def test_somebody_who_only_edited_an_earlier_content_of_the_draft_is_an_author(releases):
    draft_id, _ = releases.draft(document(hot=0.7), "studio", "rita")
    ref = releases.submit(document(hot=0.8), "studio", "ana", draft_id).version.ref
    with pytest.raises(AuthorCannotApprove):
        releases.approve(ref, "rita")
    assert releases.standing(ref).authors == {"ana", "rita"}


def test_a_name_in_the_document_is_display_only(releases):
    text = document().replace("metadata:\n", "metadata:\n  author: {id: rita, role: reviewer}\n", 1)
    ref = releases.submit(text, "inbound.yaml", "ana").version.ref
    assert releases.approve(ref, "rita").approvers == ("rita",)


def test_an_analyst_may_not_approve(releases):
    ref = releases.submit(document(), "inbound.yaml", "rita").version.ref
    with pytest.raises(Forbidden):
        releases.approve(ref, "ana")


@pytest.mark.parametrize("risk", ["medium", "high"])
def test_medium_and_high_risk_need_two_approvers(releases, risk):
    ref = releases.submit(document(risk=risk), "inbound.yaml", "ana").version.ref
    assert releases.approve(ref, "rita").version.state == "submitted"
    with pytest.raises(ApprovalsMissing) as refused:
        releases.publish(ref, "ana", "now")
    assert "1 of 2" in refused.value.message
    assert releases.approve(ref, "rob").version.state == "approved"


def test_low_risk_needs_one_approver(releases):
    ref = releases.submit(document(risk="low"), "inbound.yaml", "ana").version.ref
    assert releases.approve(ref, "rita").version.state == "approved"


def test_one_person_approves_once(releases):
    ref = releases.submit(document(), "inbound.yaml", "ana").version.ref
    releases.approve(ref, "rita")
    with pytest.raises(AlreadyApproved):
        releases.approve(ref, "rita")


def test_editing_after_approval_voids_it(releases):
    draft_id, _ = releases.draft(document(risk="low"), "studio", "ana")
    before = releases.submit(document(risk="low"), "studio", "ana", draft_id).version
    releases.approve(before.ref, "rita")
    _, edited = releases.draft(document(risk="low", hot=0.75), "studio", "ana", draft_id)
    assert edited.version.content_hash != before.content_hash
    assert edited.version.state == "draft" and edited.approvers == ()
    for ref in (before.ref, edited.version.ref):
        with pytest.raises(ApprovalsMissing):
            releases.publish(ref, "ana", "now")


def test_an_approval_does_not_come_back_when_an_edit_is_undone(releases):
    text = document(risk="low")
    draft_id, _ = releases.draft(text, "studio", "ana")
    ref = releases.submit(text, "studio", "ana", draft_id).version.ref
    releases.approve(ref, "rita")
    releases.draft(document(risk="low", hot=0.75), "studio", "ana", draft_id)
    again = releases.submit(text, "studio", "ana", draft_id)
    assert again.version.state == "submitted" and again.approvers == ()


def test_white_space_and_comments_make_no_new_version(releases):
    ref = releases.submit(document(), "inbound.yaml", "ana").version.ref
    assert releases.submit("# a word\n" + document(), "inbound.yaml", "ana").version.ref == ref
    assert kinds(releases) == ["policy.submitted"]


def test_a_submission_by_somebody_else_makes_both_authors_and_voids_approvals(releases):
    ref = releases.submit(document(risk="low"), "inbound.yaml", "ana").version.ref
    releases.approve(ref, "rita")
    again = releases.submit(document(risk="low"), "inbound.yaml", "rita")
    assert again.authors == {"ana", "rita"}
    assert again.approvers == () and again.version.state == "submitted"


def test_an_unapproved_policy_is_not_published(releases):
    ref = releases.submit(document(), "inbound.yaml", "ana").version.ref
    with pytest.raises(ApprovalsMissing):
        releases.publish(ref, "ana", "now")
    assert active(releases) is None


def test_a_published_version_gets_the_next_number_and_the_one_before_is_superseded(releases):
    first = published(releases, document())
    second = published(releases, document(hot=0.7))
    assert (first.version.version, second.version.version) == (1, 2)
    assert releases.standing(first.version.ref).version.state == "superseded"
    assert second.version.parent == first.version.content_hash
    assert active(releases, "inbound").content_hash == second.version.content_hash


def test_a_step_without_a_reason_is_refused(releases):
    ref = releases.submit(document(), "inbound.yaml", "ana").version.ref
    for step in (
        lambda: releases.publish(ref, "ana", " "),
        lambda: releases.refuse(ref, "rita", None),
        lambda: releases.rollback("inbound", "ana", ""),
    ):
        with pytest.raises(ReasonMissing):
            step()


def test_a_version_made_against_an_older_one_is_not_published(releases):
    first = published(releases, document())
    late = releases.submit(document(hot=0.6), "inbound.yaml", "ana").version
    releases.approve(late.ref, "rita")
    releases.approve(late.ref, "rob")
    newer = published(releases, document(hot=0.7))
    with pytest.raises(ParentConflict) as refused:
        releases.publish(late.ref, "ana", "now")
    assert refused.value.code == "stale_parent"
    assert late.parent == first.version.content_hash
    assert newer.version.content_hash in refused.value.remedy


def test_only_one_of_two_concurrent_publishes_wins(releases):
    published(releases, document())
    refs = []
    for hot in (0.6, 0.65, 0.7, 0.75):
        version = releases.submit(document(hot=hot, risk="low"), "inbound.yaml", "ana").version
        releases.approve(version.ref, "rita")
        refs.append(version.ref)

    def attempt(ref):
        try:
            return releases.publish(ref, "ana", "now").version.ref
        except LeadbenchError as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, refs))
    assert outcomes.count("stale_parent") == 3
    winner = next(ref for ref in outcomes if ref != "stale_parent")
    assert active(releases, "inbound").ref == winner
    assert releases._database.verify().ok


def test_a_rollback_goes_to_the_version_before_without_new_approval(releases):
    first = published(releases, document())
    second = published(releases, document(hot=0.7))
    back = releases.rollback("inbound", "ana", "too many hot leads")
    assert back.version.content_hash == first.version.content_hash and back.version.state == "published"
    assert back.version.version == 1
    assert releases.standing(second.version.ref).version.state == "rolled_back"
    assert kinds(releases)[-1] == "policy.rolled_back"
    assert json.loads(releases._database.entries("policy")["body"][-1])["post_review"] == "due"


def test_a_rolled_back_version_can_be_published_again_without_new_approval(releases):
    published(releases, document())
    second = published(releases, document(hot=0.7))
    releases.rollback("inbound", "ana", "too many hot leads")
    assert releases.publish(second.version.ref, "ana", "it was the season").version.state == "published"


def test_a_rollback_of_the_first_version_is_refused(releases):
    published(releases, document())
    with pytest.raises(NothingToRollBack):
        releases.rollback("inbound", "ana", "why not")


def test_a_rollback_to_a_version_that_was_never_approved_is_refused(releases):
    published(releases, document())
    draft = releases.submit(document(hot=0.6), "inbound.yaml", "ana").version
    with pytest.raises(NeverApproved):
        releases.rollback("inbound", "ana", "why not", to=draft.ref)


def test_a_refused_version_stays_refused(releases):
    ref = releases.submit(document(), "inbound.yaml", "ana").version.ref
    assert releases.refuse(ref, "rita", "no lawful basis").version.state == "refused"
    with pytest.raises(TransitionRefused):
        releases.approve(ref, "rob")
    with pytest.raises(TransitionRefused):
        releases.submit(document(), "inbound.yaml", "ana")


def test_requested_changes_are_made_in_the_draft_and_submitted_again(releases):
    ref = releases.submit(document(), "inbound.yaml", "ana").version.ref
    assert releases.request_changes(ref, "rita", "name an owner").version.state == "changes_requested"
    assert releases.submit(document(hot=0.7), "inbound.yaml", "ana").version.state == "submitted"
    assert releases.discard(ref, "ana").version.state == "discarded"


def test_the_shipped_default_enters_where_nothing_is_published(releases):
    default = releases.bootstrap(document("default", risk="low"), "default.yaml")
    assert default.version.state == "published" and default.version.version == 1
    assert kinds(releases) == ["policy.bootstrapped"]
    with pytest.raises(AlreadyBootstrapped):
        releases.bootstrap(document("other"), "other.yaml")


def test_submitting_what_is_active_is_refused(releases):
    published(releases, document())
    with pytest.raises(AlreadyActive):
        releases.submit(document(), "inbound.yaml", "ana")


def test_the_history_has_the_contracts_shape(releases):
    published(releases, document())
    releases.submit(document(hot=0.7), "inbound.yaml", "rita")
    told = history(releases, "inbound")
    assert list(told) == ["active", "versions"]
    assert list(told["active"]) == ["name", "version", "content_hash"]
    newest, oldest = told["versions"]
    assert list(newest) == ["name", "ref", "version", "content_hash", "state", "parent", "at", "actors"]
    assert (newest["state"], newest["version"], newest["actors"]) == ("submitted", None, ["rita"])
    assert (oldest["state"], oldest["version"], oldest["actors"]) == ("published", 1, ["ana", "rita", "rob"])
    assert newest["parent"] == oldest["content_hash"] and oldest["parent"] is None
    json.dumps(told)


def test_the_inbox_says_who_may_approve(releases):
    releases.submit(document(), "inbound.yaml", "rita")
    assert [item.may_approve for item in inbox(releases, "rita", may_review=True)] == [False]
    assert [item.may_approve for item in inbox(releases, "rob", may_review=True)] == [True]


def test_an_unknown_draft_is_refused_and_nothing_is_kept(releases):
    with pytest.raises(DraftUnknown):
        releases.draft(document(), "studio", "ana", "dr_nothing")
    assert history(releases)["versions"] == []


def test_every_step_is_one_entry_of_the_policy_stream(releases):
    published(releases, document())
    assert kinds(releases) == ["policy.submitted", "policy.approved", "policy.approved", "policy.published"]


def test_drafting_the_same_text_again_changes_nothing(releases):
    draft_id, _ = releases.draft(document(), "recipe", "ana")
    assert releases.draft(document(), "recipe", "ana")[0] == draft_id
    assert kinds(releases) == ["policy.drafted"]
    assert releases.draft(document(), "studio", "rita")[0] != draft_id


def test_submitting_again_puts_a_stale_version_on_top_of_the_active_one_and_voids_its_approvals(releases):
    published(releases, document())
    late = releases.submit(document(hot=0.6, risk="low"), "inbound.yaml", "ana").version
    releases.approve(late.ref, "rita")
    newer = published(releases, document(hot=0.7))
    again = releases.submit(document(hot=0.6, risk="low"), "inbound.yaml", "ana")
    assert again.version.parent == newer.version.content_hash
    assert again.version.state == "submitted" and again.approvers == ()
    releases.approve(late.ref, "rita")
    assert releases.publish(late.ref, "ana", "now").version.state == "published"


def test_an_author_in_other_letters_does_not_get_around_the_rule(releases):
    ref = releases.submit(document(), "inbound.yaml", "rita").version.ref
    with pytest.raises(LeadbenchError) as refused:
        releases.approve(ref, "RITA")
    assert refused.value.code == "unknown_user"
