"""What is kept only for so long: asked for by one person, approved by another; what is left still proves the rest."""

import subprocess
import sys
from datetime import timedelta

import polars as pl
import pytest

from core.decisions import store_retention
from core.decisions.engine import decide
from core.decisions.replay import Loaders, replay
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.decisions.store_arrivals import ArrivalStore
from core.decisions.store_contests import ContestStore
from core.decisions.store_course import DecisionCourse
from core.decisions.store_outbox import SCHEMA, OutboxStore
from core.decisions.store_retention import LEFT
from core.decisions.store_shadow import ShadowStore
from core.features.engine import build
from core.governance import retention
from core.governance.errors import Forbidden
from core.governance.errors_retention import NothingToRetire, PlanMoved, PlanOwn, PlanUnknown
from core.governance.evidence import export
from core.governance.releases import Releases
from core.governance.retention import apply, ask, asked, plan, stays
from core.governance.users import Users
from core.kernel.canonical import canonical
from core.kernel.clock import FixedClock
from core.kernel.signing import is_signed
from core.kernel.times import naive
from core.monitoring.judged import COLUMNS
from core.monitoring.store_performance import PerformanceStore
from tests.decisions.conftest import AS_OF, NOW

PRIVACY = "\nprivacy: {retention_days: {raw_events: 40, decision_log: 90, exploration_log: 30}}\n"
SECOND = timedelta(seconds=1)


@pytest.fixture
def users(store, policy):
    found = Users(store)
    found.ensure_defaults()
    found.add("pat", "privacy", "root")
    Releases(store, found).bootstrap(policy.text + PRIVACY, "default")
    return found


@pytest.fixture
def twice(store, users, feature_set, model, policy):
    """Forty leads, decided twice; the ids of the first round by lead."""
    given = {"feature_set": feature_set, "model": model, "policy": policy, "arm": "live", "actor": "ana"}
    for day in (0, 20):
        decide(store, population(store, as_of=AS_OF + timedelta(days=day)).spine.head(40), **given)
    rows = store.read("SELECT lead_id, decision_id FROM decisions WHERE as_of = ? ORDER BY leaf_no", [AS_OF])
    return dict(rows.rows())


def checked(folder):
    return subprocess.run([sys.executable, str(folder / "verify.py")], capture_output=True, text=True)


def contested(store, lead_id, decision_id):
    at = naive(store.clock.now())
    row = {"lead_id": lead_id, "decision_id": decision_id, "reason": "no", "route": "q", "asked_by": "ana"}
    with store.change("governance", "decision.contested", "ana") as change:
        ContestStore(store).put(change, row | {"asked_at": at, "due_at": at})


def test_no_event_goes_and_no_lead_loses_where_it_stands(store, users, twice, feature_set, model, policy):
    with store.change("signals", "signals.imported", "ana") as change:
        change.execute("UPDATE batches SET path = 'live:x'")
    undecided, standing = ArrivalStore(store).undecided(), DecisionStore(store).standing("live", 1_000)
    board, spine = DecisionStore(store).latest(), population(store, as_of=AS_OF).spine
    events, built = store.scalar("SELECT count(*) FROM events"), build(store, feature_set, spine)
    with pytest.raises(NothingToRetire):
        ask(store, "pat", users)
    store.clock = FixedClock(NOW + timedelta(days=90) + SECOND)
    left = stays(store, plan(store))
    assert 0 < left["events"] <= events and left["decisions"] == 40

    planned = ask(store, "pat", users)
    assert planned.leaves["count"] == 40
    course, until = DecisionCourse(store), DecisionCourse(store).newest_entry()
    assert not course.has_lost(until)
    apply(store, planned.hash, "rita", users)
    assert course.has_lost(until) and course.newest_entry() > until and not course.has_lost(course.newest_entry())
    assert DecisionStore(store).standing("live", 1_000) == standing
    assert DecisionStore(store).latest().equals(board)
    assert ArrivalStore(store).undecided().equals(undecided)
    assert store.scalar("SELECT count(*) FROM events") == events
    assert build(store, feature_set, spine).equals(built)
    loaders = Loaders(lambda _: model, lambda _: policy, lambda _: feature_set)
    assert replay(store, loaders).levels == {"full": 40, "from_vector": 0, "record_only": 40}


def overruled(store, decision_id, until):
    row = {"lead_id": "l", "decision_id": decision_id, "kind": "snooze", "reason": "x", "actor": "ana"}
    row |= {"placed_at": naive(until), "until": naive(until)}
    with store.change("decisions", "override.placed", "ana") as change:
        change.insert("overrides", pl.DataFrame([{**row, "entry_seq": change.seq}]))


def test_two_people_delete_exactly_what_was_asked_for(store, users, twice, monkeypatch):
    store.clock = FixedClock(NOW + timedelta(days=90) + SECOND)
    with pytest.raises(Forbidden):
        ask(store, "rita", users)
    first = ask(store, "pat", users)
    with pytest.raises(Forbidden):
        apply(store, first.hash, "pat", users)
    with pytest.raises(PlanUnknown):
        apply(store, "sha256:none", "rita", users)
    (lead_id, decision_id), *_ = twice.items()
    before = asked(store, first.hash)
    assert (before.plan, before.goes["arm"].to_list(), before.goes["decisions"].to_list()) == (first, ["live"], [40])
    assert before.goes["first"][0] == naive(NOW) and before.stays["decisions"] == 40
    contested(store, lead_id, decision_id)
    with monkeypatch.context() as patch:
        patch.setattr(store_retention, "may_go", None)
        kept = asked(store, first.hash)
    assert kept.goes.equals(before.goes) and kept.stays == before.stays
    with pytest.raises(PlanMoved):
        apply(store, first.hash, "rita", users)
    assert store.scalar("SELECT count(*) FROM decisions") == 80

    judged = pl.DataFrame({"lead_id": [lead_id], "p": [0.4], "levels": [[]]}, schema_overrides=COLUMNS)
    reports = {}
    for name, other in (("test", "decided"), ("decided", "test"), ("test", "decided"), ("decided", "test")):
        told = {"population": name, "rows": 1, "alerts": []}
        reports[name] = PerformanceStore(store).add(told, f"model-{name}", "p", "ana", judged)
        assert PerformanceStore(store).judged(reports[name]).height == 1, "also where the numbers were told before"
        assert other not in reports or PerformanceStore(store).judged(reports[other]).is_empty()

    second = ask(store, "pat", users)
    users.disable("pat", "root")
    users.add("pat", "reviewer", "root")
    with pytest.raises(PlanOwn):
        apply(store, second.hash, "pat", users)
    store.clock = FixedClock(NOW + timedelta(days=200))
    assert apply(store, second.hash, "rita", users)[0] == second
    assert store.scalar("SELECT count(*) FROM decisions") == 41
    assert PerformanceStore(store).judged(reports["decided"]).is_empty(), "nor do its rows tell of what is deleted"
    with pytest.raises(PlanMoved):
        apply(store, second.hash, "rita", users)
    with pytest.raises(PlanUnknown):
        retention.refuse(store, second.hash, "Too late", "rita", users)


def test_what_is_needed_stays(store, users, twice):
    store.clock = FixedClock(NOW + timedelta(days=90) + SECOND)
    ids = list(twice.values())
    rows = [(f"m_{place}", ids[place], "l", "entry", "notify", "working") for place in range(3)]
    with store.change("decisions", "decisions.recorded", "ana") as change:
        OutboxStore(store).put(change, pl.DataFrame(rows, schema=SCHEMA, orient="row"))
        change.execute("UPDATE outbox SET status = 'dead' WHERE message_id = 'm_1'")
        change.execute("UPDATE outbox SET status = 'delivered' WHERE message_id = 'm_2'")
        change.execute("UPDATE decisions SET band = NULL WHERE lead_id = ? AND as_of > ?", [list(twice)[3], AS_OF])
        for lead, reps in zip(list(twice)[4:7], ("left", "left", "gone"), strict=True):
            sight = f'{{"reps_hash":"{reps}"}}'
            change.execute("UPDATE decisions SET sight = ? WHERE lead_id = ? AND as_of = ?", [sight, lead, AS_OF])
        change.execute("INSERT INTO desk_reps VALUES ('left', '{}'), ('gone', '{}'), ('unseen', '{}')")
    contested(store, list(twice)[4], "another")
    overruled(store, ids[5], store.clock.now())
    overruled(store, ids[7], store.clock.now() - timedelta(days=91))
    scores = store.read("SELECT decision_id, score, band FROM decisions")
    ShadowStore(store).add(scores, "sha256:champion", "sha256:challenger", "ana")
    deleted = apply(store, ask(store, "pat", users).hash, "rita", users)[1]["certificate"]["deleted"]
    assert deleted == {"decisions": 35, "outbox": 1, "shadow_scores": 35, "overrides": 1, "desk_reps": 2}
    assert store.read("SELECT reps_hash FROM desk_reps")["reps_hash"].to_list() == ["left"]
    left = store.read("SELECT decision_id FROM decisions WHERE as_of = ? ORDER BY leaf_no", [AS_OF])
    assert left["decision_id"].to_list() == [ids[place] for place in (0, 1, 3, 4, 5)]
    assert OutboxStore(store).counts() == {"dead": 1, "waiting": 1}


def test_decisions_of_a_rollout_under_way_and_of_the_last_days_stay(store, users, twice, monkeypatch):
    monkeypatch.setattr(retention, "days_kept", lambda _: {"decision_log": 1})
    store.clock = FixedClock(NOW + timedelta(days=8))
    assert plan(store).leaves["count"] == 0
    store.clock = FixedClock(NOW + timedelta(days=8) + SECOND)
    assert plan(store).leaves["count"] == 40
    with store.change("governance", "tested", "test") as change:
        change.execute(
            "INSERT INTO rollouts VALUES ('r', 'default', 'a', 'b', '{}', 'p', ?, 'ana')", [naive(NOW - SECOND)]
        )
    assert plan(store).leaves["count"] == 0


def test_decisions_that_hold_a_draw_go_with_the_exploration_log(store, users, twice):
    leads = list(twice)
    with store.change("decisions", "tested", "test") as change:
        change.execute("UPDATE decisions SET arm = 'holdout' WHERE lead_id = ?", [leads[0]])
        explored = "replace(record, '\"explored\":false', '\"explored\":true')"
        change.execute(f"UPDATE decisions SET record = {explored} WHERE decision_id = ?", [twice[leads[1]]])
    store.clock = FixedClock(NOW + timedelta(days=31))
    apply(store, ask(store, "pat", users).hash, "rita", users)
    gone = store.read("SELECT decision_id FROM decisions_gone ORDER BY leaf_no")["decision_id"].to_list()
    assert gone == [twice[leads[0]], twice[leads[1]]]


def test_a_record_that_no_certificate_covers_is_found(store, users, twice, feature_set, model, policy, tmp_path):
    store.clock = FixedClock(NOW + timedelta(days=90) + SECOND)
    planned = ask(store, "pat", users)
    certificate = apply(store, planned.hash, "rita", users)[1]
    stated, key = certificate["certificate"], certificate["public_key"]
    assert (stated["asked_by"], stated["actor"], stated["leaves"]) == ("pat", "rita", planned.leaves)
    assert is_signed(canonical(stated), certificate["signature"], key)
    assert not is_signed(canonical(stated | {"actor": "x"}), certificate["signature"], key)
    loaders = Loaders(lambda _: model, lambda _: policy, lambda _: feature_set)
    one = next(iter(twice.values()))
    assert replay(store, loaders).differences == ()
    assert replay(store, loaders, decision_id=one).levels["record_only"] == 1
    export(store, tmp_path / "evidence")
    found = checked(tmp_path / "evidence")
    assert found.returncode == 0 and "80 decisions" in found.stdout

    seq = store.scalar("SELECT max(retired_seq) FROM decisions_gone")
    victims = store.read("SELECT decision_id FROM decisions ORDER BY leaf_no LIMIT 2")["decision_id"].to_list()
    for victim, under, wrong in ((victims[0], None, 1), (victims[1], seq, 42)):
        with store.change("decisions", "tested", "test") as change:
            leaf = f"SELECT {LEFT}, ? AS retired_seq FROM decisions WHERE decision_id = ?"
            change.execute(f"INSERT INTO decisions_gone BY NAME {leaf}", [under, victim])
            change.execute("DELETE FROM decisions WHERE decision_id = ?", [victim])
        differing = replay(store, loaders).differences
        assert {one.field for one in differing} == {"certificate"} and len(differing) == wrong
        export(store, tmp_path / "evidence")
        found = checked(tmp_path / "evidence")
        assert found.returncode == 1 and "without a record" in found.stdout
