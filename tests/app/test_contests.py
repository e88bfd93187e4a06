"""A decision is contested: the lead is held for a person, replayed so, and decided again by the person's word."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import commands, services
from app.cli import explaining
from app.queries import alerts, contests, desk, lead
from core.decisions.attribution import Attribution, Move, Step
from core.decisions.counterfactual import Change, Counterfactual, Option
from core.decisions.replay import replay
from core.decisions.store_contests import ContestStore
from core.decisions.store_outbox import OutboxStore
from core.governance import erasing
from core.governance.feedback import Verdict
from core.governance.masking import MASK
from core.governance.permissions import Role
from core.kernel.clock import FixedClock, SystemClock
from core.kernel.console import QueryForbidden
from core.recipes import contesting
from core.recipes.arriving import Choice
from core.recipes.sweeping import sweep
from core.workbench import Workbench
from tests.app.cli_calls import call, done, refused
from tests.app.conftest import copied
from tests.app.pages import page

REVIEW = "privacy: {{human_review: {{route: q.review, sla_hours: 72}}, mask: {{viewer: [{hidden}]}}}}\n"


@pytest.fixture(scope="module")
def reviewed(demo_folder, tmp_path_factory) -> Path:
    """A copy of the small demo store whose policy names a way to a person."""
    folder = copied(demo_folder, tmp_path_factory.mktemp("contests"))
    with Workbench.open(folder, SystemClock()) as bench:
        releases = bench.rooms.releases
        review = REVIEW.format(hidden=a_feature(bench))
        active = releases.policies.active("default")
        text = active.policy.text.replace("pools:\n", "pools:\n  q.review: {capacity: unbounded, terminal: true}\n", 1)
        ref = releases.submit(f"{text}\n{review}", "reviewed.yaml", "ana").version.ref
        releases.approve(ref, "rita", "There is a way to a person.")
        releases.publish(ref, "ana", "A way to a person")
    return folder


def a_feature(bench):
    return bench.rooms.decisions.newest()["features"].str.json_path_match("$[0][0]").first()


def newest(folder, lead_id):
    with Workbench.open(folder, SystemClock()) as bench:
        return bench.rooms.decisions.of(lead_id)


def test_a_contested_lead_waits_for_a_person_and_then_goes_by_the_word(reviewed):
    at = ("--store", str(reviewed))
    with Workbench.open(reviewed, SystemClock()) as bench:
        lead_id = bench.db.scalar("SELECT lead_id FROM decisions_latest WHERE disposition = 'PERMIT' ORDER BY 1")
    asked = done("contests_step", "contests", "ask", lead_id, "--reason", "A wrong region", *at, user="ana")
    (alarm,) = [one for one in done("policy_alarms", "policy", "alarms", *at)["alarms"] if one["kind"] == "contest"]
    assert (alarm["name"], alarm["is_due"]) == (asked["contest_id"], False)
    held = newest(reviewed, lead_id)
    assert (held.disposition, held.pool, held.action, held.sla_min) == ("HOLD", "q.review", None, None)
    assert held.reasons[-1] == {"rule": "privacy.human_review", "reason": "contested"}
    assert held.next_state == held.prev_state and held.propensities == {}
    listed = done("contests_list", "contests", "list", "--open", *at)["contests"]
    assert [one["contest_id"] for one in listed] == [asked["contest_id"]]
    assert refused("contests", "ask", lead_id, "--reason", "again", *at, user="ana")["code"] == "already_contested"
    settle = ("contests", "settle", asked["contest_id"])
    assert refused(*settle, "upheld", "--comment", "fine", *at, user="ana")["code"] == "forbidden"
    assert refused(*settle, "upheld", *at, user="rita")["code"] == "reason_missing"
    done("contests_step", *settle, "upheld", "--comment", "The region is right", *at, user="rita")
    assert all(one["rule"] != "privacy.human_review" for one in newest(reviewed, lead_id).reasons)
    assert refused(*settle, "upheld", "--comment", "twice", *at, user="rita")["code"] == "unknown_contest"
    with Workbench.open(reviewed, SystemClock()) as bench:
        told = OutboxStore(bench.db).listed(None, 99).filter(kind="review", lead_id=lead_id)
        assert told["name"].to_list() == (["human_review"] if held.arm == "live" else [])
        for decision_id in (held.decision_id, bench.rooms.decisions.of(lead_id).decision_id):
            assert replay(bench.db, bench.rooms.loaders, decision_id=decision_id).differences == ()


def test_a_contest_is_asked_and_settled_on_lead_360(reviewed):
    with Workbench.open(reviewed, SystemClock()) as bench:
        services.use(bench)
        rows = bench.db.read(
            "SELECT lead_id FROM decisions_latest WHERE disposition = 'PERMIT' ORDER BY 1 DESC LIMIT 1"
        )
        lead_id = rows["lead_id"].item()
        at = page("lead", id=lead_id)
        at = at.text_input(key="lead_contest_reason").set_value("Too *soon*, says a@b.com").run()
        at = at.button(key="lead_contest_ask").click().run()
        assert any("Contested" in one.value for one in at.warning)
        assert any(one.value == "“Too *soon*, says •••”" for one in at.text)
        at = page("lead", "rita", id=lead_id)
        at = at.radio(key="lead_contest_verdict").set_value("changed").run()
        at = at.text_input(key="lead_contest_comment").set_value("Ours").run()
        at.button(key="lead_contest_settle").click().run()
        kept = bench.rooms.decisions.of(lead_id)
        assert (kept.disposition, kept.reasons[-1]["reason"]) == ("HOLD", "decided_by_person")
        what_people_wrote_is_shown_no_more_once_the_person_is_erased(bench, lead_id)
        services.use(None)


def what_people_wrote_is_shown_no_more_once_the_person_is_erased(bench, lead_id):
    """On the same store: what a page has read is not kept beyond the erasure."""

    def written():
        notes = desk.feedback().filter(lead_id=lead_id)["note"].to_list()
        return contests.of_lead(lead_id).select("reason", "comment").rows() + notes

    bench.rooms.feedback.give(lead_id, Verdict.GOOD, "ana", "Ann said so")
    assert written() == [("Too *soon*, says •••", "Ours"), "Ann said so"]
    bench.rooms.users.add("pat", "privacy", "root")
    assert written()[1] == "Ann said so"
    erasing.erase(bench.db, lead_id, "DSR-1", "pat", bench.rooms.users)
    assert written() == [("erased", "erased"), None]


def test_a_contest_waits_in_the_inbox_until_a_reviewer_decided(reviewed, monkeypatch):
    with Workbench.open(reviewed, SystemClock()) as bench:
        services.use(bench)
        lead_id = bench.db.scalar("SELECT min(lead_id) FROM decisions_latest WHERE disposition = 'PERMIT'")
        asked = contesting.contest(bench.rooms, Choice(bench.rooms), lead_id, "Old, says a@b.com", "ana")
        (alert,) = [one for one in alerts.alerts() if one.icon == "gavel"]
        assert (alert.opens, alert.colour) == ((("v", asked.contest_id),), "orange")
        assert "1 decision is contested" in alert.text
        with monkeypatch.context() as patch:
            patch.setattr(bench.db, "clock", FixedClock(bench.db.clock.now() + timedelta(hours=73)))
            assert [one.colour for one in alerts.alerts() if one.icon == "gavel"] == ["red"]
        at = page("approvals", v=asked.contest_id)
        assert [one.value for one in at.text] == ["“Old, says •••”"]
        key = f"approvals_inbox_{asked.contest_id}"
        (shut,) = (one.proto.popover for one in at.get("popover") if one.proto.popover.label == "Decide")
        assert shut.disabled and "may not decide about contested decisions" in shut.help
        at = page("approvals", "rita", v=asked.contest_id)
        at = at.text_input(key=f"{key}_comment").set_value("The data are right").run()
        at.button(key=f"{key}_settle").click().run()
        assert [one for one in alerts.alerts() if one.icon == "gavel"] == []
        services.use(None)


def test_what_a_crash_left_untold_is_told_by_the_next_sweep_or_command(reviewed, monkeypatch):
    with Workbench.open(reviewed, SystemClock()) as bench:
        rooms, choice = bench.rooms, Choice(bench.rooms)
        closed, other = bench.db.read(
            """SELECT lead_id FROM decisions_latest SEMI JOIN (FROM outcomes WHERE outcome <> 'open') USING (lead_no)
               WHERE disposition = 'PERMIT' ORDER BY 1 LIMIT 2"""
        )["lead_id"]

        def crashing(step):
            with monkeypatch.context() as patch:
                patch.setattr(contesting, "tell_contests", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
                with pytest.raises(KeyboardInterrupt):
                    step()

        def told(lead_id):
            return [
                one["reason"] for one in rooms.decisions.of(lead_id).reasons if one["rule"] == "privacy.human_review"
            ]

        crashing(lambda: contesting.contest(rooms, choice, closed, "Ours", "ana"))
        assert told(closed) == []
        counts = [sweep(rooms, choice, bench.db.clock.now()).contested for _ in range(2)]
        assert (counts, told(closed)) == ([1, 0], ["contested"])
        (waits,) = ContestStore(bench.db).listed(only_open=True).filter(lead_id=closed)["contest_id"]
        crashing(lambda: contesting.settle(rooms, choice, waits, "upheld", "It is right", "rita"))
        assert told(closed) == ["contested"]
        contesting.contest(rooms, choice, other, "Too soon", "ana")
        assert (told(closed), told(other)) == ([], ["contested"])


def test_what_cannot_be_contested(reviewed, demo_folder, tmp_path):
    at = ("--store", str(reviewed))
    assert refused("contests", "ask", "nobody", "--reason", "why", *at, user="ana")["code"] == "no_decision"
    other = ("--store", str(copied(demo_folder, tmp_path)))
    assert refused("contests", "ask", "nobody", "--reason", "why", *other, user="ana")["code"] == "no_human_review"


def test_a_value_that_a_policy_hides_is_told_by_no_reason_and_no_query(reviewed, monkeypatch):
    with Workbench.open(reviewed, SystemClock()) as bench:
        services.use(bench)
        decision_id = bench.db.scalar("SELECT decision_id FROM decisions_latest ORDER BY 1")
        hidden = a_feature(bench)

        def told(role):
            monkeypatch.setattr(lead, "role", lambda: role)
            point = next(one for one in lead.explanation(decision_id)["points"] if one["feature"] == hidden)
            return point["value"], dict(lead.features(bench.rooms.decisions.get(decision_id)))[hidden]

        assert told(Role.VIEWER) == (MASK, MASK)
        assert MASK not in told(Role.ANALYST)
        monkeypatch.setattr(commands, "acting", lambda _: SimpleNamespace(role=Role.VIEWER))
        with pytest.raises(QueryForbidden) as refusal:
            commands.query("SELECT 1 AS one FROM leads", 10)
        assert refusal.value.value == [hidden]
        monkeypatch.setattr(commands, "acting", lambda _: SimpleNamespace(role=Role.ANALYST))
        assert commands.query("SELECT 1 AS one FROM leads", 10)
        services.use(None)


def test_a_value_that_a_policy_hides_is_told_by_no_explain_on_the_command_line(reviewed, monkeypatch):
    with Workbench.open(reviewed, SystemClock()) as bench:
        record = bench.rooms.decisions.get(bench.db.scalar("SELECT decision_id FROM decisions_latest ORDER BY 1"))
        hidden = a_feature(bench)
    move, decided = Move(hidden, "Hidden", "before-it", "after-it", 0.1), {"band": record.band}
    earlier = replace(record, decision_id="d_earlier")
    changed = Attribution(earlier, record, 0.1, (Step("policy", 0.1, 0.2, decided, (move,)),))
    option = Option(("More",), (Change(hidden, "Hidden", "before-it", "after-it"),), 0.9, {hidden: "after-it"}, record)
    monkeypatch.setattr(explaining, "attribute", lambda *_: changed)
    monkeypatch.setattr(explaining.what_if, "on_store", lambda *_: Counterfactual(record, (option,)))
    asked, at = ("explain", record.lead_id), ("--store", str(reviewed))
    told = {name: done("explain", *asked, *at, user=name)["points"] for name in (None, "ana")}
    values = {name: next(one for one in points if one["feature"] == hidden) for name, points in told.items()}
    assert (values[None]["value"], values[None]["sentence"]) == (MASK, MASK)
    assert MASK not in (values["ana"]["value"], values["ana"]["sentence"])
    other = done("explain_counterfactual", *asked, "--counterfactual", *at)
    assert (other["changes"][0]["from"], other["changes"][0]["to"], other["inputs_after"][hidden]) == (MASK,) * 3
    for ask in (("--counterfactual",), ("--since", "2020-01-01")):
        monkeypatch.setattr(explaining, "_record", lambda *_: record)
        shown, seen = call(*asked, *ask, *at).stdout, call(*asked, *ask, *at, "--as", "ana").stdout
        assert shown and "after-it" not in shown and "after-it" in seen
    assert refused(*asked, *at, "--as", "nobody")["code"] == "unknown_user"
