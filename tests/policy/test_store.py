"""Stored versions, their states, and the active pointer."""

from datetime import UTC, datetime, timedelta

import pytest

from core.kernel.database import Database
from core.policy import parser
from core.policy.default import propose
from core.policy.errors import ParentStale, PolicyDamaged, PolicyUnknown, ReferenceAmbiguous, TransitionRefused
from core.policy.states import WAYS, State, allowed
from core.policy.store import PolicyStore


class Ticking:
    def __init__(self):
        self.moment = datetime(2026, 11, 24, 9, tzinfo=UTC)

    def now(self):
        self.moment += timedelta(seconds=1)
        return self.moment


@pytest.fixture
def database(tmp_path):
    with Database.open(tmp_path / "store", Ticking()) as opened:
        yield opened


@pytest.fixture
def policies(database):
    return PolicyStore(database)


def made(hot=0.8, name="inbound", parent=None):
    text = propose(name, {"hot": hot, "warm": 0.5, "nurture": 0.2})
    if parent:
        text = text.replace("  risk_class:", f"  parent: {parent}\n  risk_class:")
    return parser.load(text, "made.yaml")


def drafted(database, policies, policy, actor="ana"):
    with database.change("policy", "policy.drafted", actor) as change:
        return policies.put_draft(change, policy, actor)


def moved(database, policies, policy, *states):
    for state in states:
        with database.change("policy", "policy.moved", "rita") as change:
            policies.set_state(change, policy.content_hash, state)


def activated(database, policies, policy, expected):
    with database.change("policy", "policy.published", "rita") as change:
        return policies.set_active(change, policy.name, policy.content_hash, expected=expected)


def test_a_draft_is_kept_whole_and_once(database, policies):
    policy = made()
    stored = drafted(database, policies, policy)
    assert (stored.state, stored.version, stored.parent, stored.risk_class) == (State.DRAFT, None, None, "low")
    assert stored.policy.content_hash == stored.content_hash == policy.content_hash
    assert stored.source == policy.text
    assert drafted(database, policies, policy).created_at == stored.created_at
    assert len(policies.history()) == 1


@pytest.mark.parametrize("digits", [12, 20, 64])
def test_a_version_is_found_by_ref_and_hash(database, policies, digits):
    policy = made()
    drafted(database, policies, policy)
    ref = f"inbound@{policy.content_hash.removeprefix('sha256:')[:digits]}"
    assert policies.get(ref).content_hash == policies.get(policy.content_hash).content_hash
    assert policies.get(ref).ref == policy.ref


def test_a_version_is_found_by_number_and_name_once_it_is_active(database, policies):
    first, second = made(0.8), made(0.9)
    drafted(database, policies, first)
    assert activated(database, policies, first, None) == 1
    drafted(database, policies, second)
    assert activated(database, policies, second, first.content_hash) == 2
    assert policies.get("inbound@v1").content_hash == first.content_hash
    assert policies.get("inbound").content_hash == second.content_hash
    assert activated(database, policies, first, second.content_hash) == 1
    assert policies.active("inbound").version == 1


@pytest.mark.parametrize(
    "ref", ["inbound", "inbound@v1", "inbound@000000000000", "sha256:" + "0" * 64, "inbond@v9", ""]
)
def test_an_unknown_reference_is_refused(database, policies, ref):
    drafted(database, policies, made())
    with pytest.raises(PolicyUnknown):
        policies.get(ref)


def test_a_reference_that_fits_two_versions_is_refused():
    assert "full content hash" in str(ReferenceAmbiguous("a@000000000000", ["sha256:1", "sha256:2"]))


def test_the_parent_is_the_active_version_at_drafting(database, policies):
    first, second, other = made(0.8), made(0.9), made(0.8, "outbound")
    drafted(database, policies, first)
    activated(database, policies, first, None)
    assert drafted(database, policies, second).parent == first.content_hash
    assert drafted(database, policies, other).parent is None


def test_the_parent_that_the_document_names_counts_where_the_store_has_it(database, policies):
    first, second = made(0.8), made(0.9)
    for policy in (first, second):
        drafted(database, policies, policy)
    activated(database, policies, second, None)
    assert drafted(database, policies, made(0.7, parent=first.content_hash)).parent == first.content_hash
    unknown = made(0.6, parent="sha256:" + "1" * 64)
    assert drafted(database, policies, unknown).parent == second.content_hash


def test_a_version_sent_back_and_drafted_again_takes_a_new_parent(database, policies):
    first, second = made(0.8), made(0.9)
    drafted(database, policies, second)
    moved(database, policies, second, State.SUBMITTED, State.CHANGES_REQUESTED)
    drafted(database, policies, first)
    activated(database, policies, first, None)
    assert policies.get(second.content_hash).parent is None
    again = drafted(database, policies, second)
    assert (again.state, again.parent) == (State.DRAFT, first.content_hash)


def test_the_active_version_changes_only_from_the_one_expected(database, policies):
    first, second = made(0.8), made(0.9)
    for policy in (first, second):
        drafted(database, policies, policy)
    activated(database, policies, first, None)
    entries = database.entries().height
    with pytest.raises(ParentStale) as refused:
        activated(database, policies, second, None)
    assert first.content_hash in str(refused.value)
    assert policies.active_hash("inbound") == first.content_hash
    assert database.entries().height == entries


def test_a_version_goes_only_the_ways_of_the_state_machine(database, policies):
    policy = made()
    drafted(database, policies, policy)
    with pytest.raises(TransitionRefused) as refused:
        moved(database, policies, policy, State.PUBLISHED)
    assert "`submitted`" in str(refused.value)
    moved(database, policies, policy, State.SUBMITTED, State.APPROVED, State.PUBLISHED)
    assert policies.get(policy.content_hash).state is State.PUBLISHED
    assert drafted(database, policies, policy).state is State.PUBLISHED


def test_every_state_can_be_reached_and_only_what_was_handed_in_is_published():
    reached = {State.DRAFT}
    while more := {target for state in reached for target in allowed(state)} - reached:
        reached |= more
    assert reached == set(State)
    assert {state for state in WAYS if State.PUBLISHED in WAYS[state]} == {
        State.SUBMITTED,
        State.APPROVED,
        State.SUPERSEDED,
        State.ROLLED_BACK,
    }


def test_actions_are_kept_in_order(database, policies):
    policy = made()
    drafted(database, policies, policy)
    with database.change("policy", "policy.submitted", "ana") as change:
        policies.record_action(change, policy.content_hash, "submitted", "ana", "please look")
    found = policies.actions(policy.content_hash)
    assert [(item.kind, item.actor, item.comment) for item in found] == [
        ("drafted", "ana", None),
        ("submitted", "ana", "please look"),
    ]
    assert found[0].at < found[1].at
    assert found[0].at.tzinfo is UTC


@pytest.mark.parametrize("known", [False, True])
def test_the_bootstrapped_policy_is_published_and_active(database, policies, known):
    policy = made(name="default")
    if known:
        drafted(database, policies, policy)
    with database.change("policy", "policy.bootstrapped", "ana") as change:
        stored = policies.put_bootstrapped(change, policy, "ana")
    assert (stored.state, stored.version, stored.parent) == (State.PUBLISHED, 1, None)
    assert policies.active_names() == ["default"]


def test_an_altered_text_is_not_decided_by(database, policies):
    policy = made()
    drafted(database, policies, policy)
    with database.change("policy", "policy.moved", "mallory") as change:
        change.execute("UPDATE policy_versions SET source = replace(source, 'sla_min: 15', 'sla_min: 99')")
    with pytest.raises(PolicyDamaged):
        assert policies.get(policy.content_hash).policy


def test_history_is_newest_first_and_by_name(database, policies):
    for policy in (made(0.8), made(0.9), made(0.8, "outbound")):
        drafted(database, policies, policy)
    assert [item.name for item in policies.history()] == ["outbound", "inbound", "inbound"]
    assert [item.policy.document.bands.thresholds["hot"].enter for item in policies.history("inbound")] == [0.9, 0.8]
