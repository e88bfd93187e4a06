"""People overrule decisions by hand: one entry an action, on top of the records, until its end, Undo, or the close."""

import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from app import services
from app.components import frame_table, lead_grid, override_form
from app.queries import crm, desk, lead, leads, overrides, owners
from core.decisions.store_funnel import FunnelStore
from core.decisions.store_overrides import Kind
from core.governance import erasing
from core.governance.errors_overrides import LeadsClosed, LeadsContested, LeadsDenied, NobodyChosen, OverrideUnknown
from core.governance.feedback import Verdict
from core.governance.overrides import PLACED, Override
from core.governance.permissions import Role
from core.kernel.clock import FixedClock, SystemClock
from core.kernel.times import naive
from core.workbench import Workbench
from tests.app.cli_calls import call, done, refused
from tests.app.conftest import copied
from tests.app.pages import page

REPS = "assignee,pool,max_open\nkim,sdr.na,200\nlee,sdr.uki,100\n"
SOON = timedelta(days=2)


@pytest.fixture(scope="module")
def folder(demo_folder, tmp_path_factory) -> Path:
    """A copy of the small demo store with two reps."""
    found = copied(demo_folder, tmp_path_factory.mktemp("overrides"))
    reps = found.parent / "reps.csv"
    reps.write_text(REPS, encoding="utf-8")
    done("import", "import", "reps", str(reps), "--store", str(found), user="ana")
    return found


@pytest.fixture
def bench(folder):
    with Workbench.open(folder, SystemClock()) as opened:
        services.use(opened)
        yield opened
        services.use(None)


def queue() -> pl.DataFrame:
    return leads.matching(leads.Filter("queue"))


def of(lead_id: str) -> dict:
    return leads.board().row(by_predicate=pl.col("lead_id") == lead_id, named=True)


def test_the_command_line_says_it_lists_it_and_takes_it_back(folder):
    at = ("--store", str(folder))
    with Workbench.open(folder, SystemClock()) as opened:
        first, second = opened.db.read(
            "SELECT lead_id FROM decisions_latest WHERE lead_id NOT IN (SELECT lead_id FROM published.outcomes) LIMIT 2"
        )["lead_id"]
        closed = opened.db.scalar("SELECT min(lead_id) FROM published.outcomes SEMI JOIN decisions USING (lead_id)")
    say = ("lead", "override", first)
    told = done("lead_override", *say, second, "--pool", "sdr.na", "--assignee", "kim", "--reason", "Knows her", *at,
                user="ana")  # fmt: skip
    assert [(one["pool"], one["assignee"], one["state"]) for one in told["overrides"]] == [
        ("sdr.na", "kim", "stands")
    ] * 2
    codes = {
        "unknown_pool": (*say, "--pool", "sdr.naa", "--reason", "x"),
        "unknown_assignee": (*say, "--pool", "sdr.na", "--assignee", "lee", "--reason", "x"),
        "undecided_leads": (*say, "nobody", "--snooze", "--reason", "x"),
        "closed_leads": (*say, closed, "--snooze", "--reason", "x"),
        "invalid_end": (*say, "--snooze", "--until", "2020-01-01", "--reason", "x"),
        "reason_missing": (*say, "--snooze"),
        "reason_too_long": (*say, "--snooze", "--reason", "x" * 301),
        "unknown_override": ("lead", "undo", "o0"),
    }
    for code, arguments in codes.items():
        assert refused(*arguments, *at, user="ana")["code"] == code
    assert refused(*say, "--snooze", "--reason", "x", *at, user="rita")["code"] == "forbidden"
    assert call(*say, *at, user="ana").returncode == 2
    assert len(done("lead_overrides", "lead", "overrides", *at)["overrides"]) == 2
    one = ("lead", "undo", told["override_id"], "--lead", first)
    assert done("lead_undo", *one, *at, user="ana") == {"override_id": told["override_id"], "ended": 1}
    assert refused(*one, *at, user="ana")["code"] == "unknown_override"
    assert [one["lead_id"] for one in done("lead_overrides", "lead", "overrides", "--standing", *at)["overrides"]] == [
        second
    ]
    assert done("lead_undo", *one[:3], *at, user="ana")["ended"] == 1
    with (
        Workbench.open(folder, SystemClock()) as opened,
        opened.db.change("signals", "leads.imported", "ana") as change,
    ):
        number = change.scalar("SELECT lead_no FROM leads WHERE lead_id = ?", [second])
        for table in ("leads", "decisions", "overrides"):
            change.execute(f"UPDATE {table} SET lead_id = 'jo@acme.example' WHERE lead_id = ?", [second])
    shown = f"no-{number}"
    say = ("lead", "override", shown, "--snooze", "--reason", "Away")
    [row] = done("lead_override", *say, *at, user="ana")["overrides"]
    assert row["lead_id"] == shown
    assert done("lead_undo", "lead", "undo", row["override_id"], "--lead", shown, *at, user="ana")["ended"] == 1
    assert refused("lead", "override", "no-999999", "--snooze", "--reason", "x", *at, user="ana")["code"] == (
        "undecided_leads"
    )


def test_an_override_lies_on_top_in_one_entry_and_is_over_at_its_end(bench, monkeypatch):
    address, old = "kim@acme.example", queue()["lead_id"][2]
    with bench.db.change("signals", "leads.imported", "ana") as change:
        for table in ("leads", "decisions"):
            change.execute(f"UPDATE {table} SET lead_id = ? WHERE lead_id = ?", [address, old])
    ids, before = [*queue()["lead_id"].head(2), address], bench.rooms.decisions.newest()
    policy_pools = sorted(of(one)["pool"] for one in ids)
    said = bench.rooms.overrides
    until = bench.db.clock.now() + SOON
    routed = said.place(Override(Kind.ROUTE, "Ours, says a@b.com", "sdr.uki", None, until), ids, "ana")
    entry = bench.db.newest_entries(1).row(0, named=True)
    assert (entry["stream"], entry["kind"]) == ("decisions", PLACED)
    assert not any(one in entry["body"] for one in (*ids, "Ours"))
    assert bench.rooms.decisions.newest().equals(before)
    moved = of(ids[0])
    assert (moved["pool"], moved["hands"], moved["hand_by"]) == ("sdr.uki", ["route"], "ana")
    assert moved["hand_reason"] == "Ours, says •••"
    chosen = leads.Filter("queue", hands=("route",))
    told = leads.to_export(chosen, Role.ANALYST)
    assert sorted(told["policy_pool"]) == policy_pools and set(told["pool"]) == {"sdr.uki"}
    assert set(crm.rows(chosen, Role.ANALYST)["pool"]) == {"sdr.uki"}

    said.place(Override(Kind.ASSIGN, "Speaks Polish", None, "lee"), ids[:1], "ana")
    assert (of(ids[0])["pool"], of(ids[0])["assignee"]) == ("sdr.uki", "lee")
    assert owners.owners().reps.filter(assignee="lee")["open"].to_list() == [1]
    again = said.place(Override(Kind.ROUTE, "Back", "sdr.na"), ids[:1], "ana")
    assert (of(ids[0])["pool"], of(ids[0])["assignee"]) == ("sdr.na", None)
    assert said.end(again, "ana") == 1 and of(ids[0])["assignee"] == "lee"
    said.place(Override(Kind.SNOOZE, "Away", until=until), ids[1:2], "ana")
    assert ids[1] not in queue()["lead_id"] and queue().height == len(set(queue()["lead_id"]))
    assert leads.matching(leads.Filter("snoozed"))["lead_id"].to_list() == [ids[1]]
    monkeypatch.setattr(bench.db, "clock", FixedClock(until + timedelta(seconds=1)))
    assert ids[1] in queue()["lead_id"] and leads.matching(leads.Filter("snoozed")).is_empty()
    assert (of(ids[0])["assignee"], of(ids[2])["by_hand"]) == ("lee", None)
    assert overrides.ended(overrides.of_lead(ids[2]).row(0, named=True)) == "its time was over"
    stood = overrides.standing(overrides.of_lead(ids[2]), until - SOON / 2)
    assert [one["override_id"] for one in stood] == [routed]
    assert overrides.of_lead(ids[2], until - 2 * SOON).is_empty()


def test_a_new_decision_ends_nothing_and_the_leads_close_does(bench):
    lead_id, other = queue()["lead_id"].tail(2)
    said = bench.rooms.overrides
    placed = said.place(Override(Kind.ROUTE, "Ours", "sdr.uki"), [lead_id, other], "ana")
    bench.runner.score(actor="ana")
    assert of(lead_id)["pool"] == "sdr.uki"
    number = bench.db.scalar("SELECT lead_no FROM leads WHERE lead_id = ?", [lead_id])
    with bench.db.change("signals", "outcomes.imported", "ana") as change:
        now = naive(bench.db.clock.now())
        change.execute("INSERT INTO outcomes VALUES (?, 'won', ?, ?, NULL, 'b')", [number, now, now])
    assert (
        of(lead_id)["by_hand"] is None
        and overrides.ended(overrides.of_lead(lead_id).row(0, named=True)) == "the lead closed"
    )
    for kind in Kind:
        with pytest.raises(LeadsClosed):
            said.place(Override(kind, "Ours", "sdr.uki", "lee"), [other, lead_id], "ana")
    assert overrides.of_lead(other).height == 1
    rows = overrides.overruled().filter(kind="Routed")
    assert (rows["leads"].sum() >= 2, rows["won"].sum()) == (True, 1)
    assert all("too few" in text for text in rows["said"])
    with pytest.raises(OverrideUnknown):
        said.end(placed, "ana", lead_id)
    assert said.end(placed, "ana") == 1 and overrides.of_lead(other)["ended_by"].to_list() == ["ana"]
    assert overrides.overruled().filter(kind="Routed")["won"].sum() == 1, "a word that held until the close counts"


def test_what_a_guard_denies_or_a_reviewer_has_to_decide_is_routed_by_no_hand(bench):
    lead_id = queue()["lead_id"][5]
    said = Override(Kind.ROUTE, "Ours", "sdr.uki")
    bench.rooms.overrides.place(said, [lead_id], "ana")
    with bench.db.change("decisions", "decisions.recorded", "ana") as change:
        change.execute("UPDATE decisions SET disposition = 'DENY', pool = NULL WHERE lead_id = ?", [lead_id])
    assert (of(lead_id)["pool"], of(lead_id)["is_placed"]) == (None, False) and lead_id not in queue()["lead_id"]
    assert bench.rooms.overrides.reach(Kind.SNOOZE, [lead_id]).counts == {}
    with pytest.raises(LeadsDenied):
        bench.rooms.overrides.place(said, [lead_id], "ana")
    with bench.db.change("decisions", "decisions.recorded", "ana") as change:
        change.execute("UPDATE decisions SET disposition = 'HOLD' WHERE lead_id = ?", [lead_id])
    assert lead_id in queue()["lead_id"] and lead_id not in leads.matching(leads.Filter("review"))["lead_id"]
    contest(bench, "c9", lead_id)
    assert lead_id not in queue()["lead_id"], "as soon as it is contested, whatever its decision says"
    with pytest.raises(LeadsContested):
        bench.rooms.overrides.place(said, [lead_id], "ana")


def contest(bench: Workbench, contest_id: str, lead_id: str) -> None:
    """A contest that waits for a person; nothing was decided by it yet."""
    row = {"contest_id": contest_id, "lead_id": lead_id, "decision_id": "d", "reason": "x", "route": "q",
           "asked_by": "ana", "asked_at": naive(bench.db.clock.now())}  # fmt: skip
    with bench.db.change("governance", "decision.contested", "ana") as change:
        change.insert("contests", pl.DataFrame([row]).with_columns(due_at="asked_at"))


def test_a_merged_id_is_spoken_of_as_its_lead_and_erasure_takes_the_reason(bench):
    old, root = queue()["lead_id"].slice(8, 2)
    bench.rooms.overrides.place(Override(Kind.ROUTE, "Ann asked", "sdr.uki"), [old], "ana")
    with bench.db.change("signals", "identity.merged", "ana") as change:
        change.execute(
            """INSERT INTO lead_merges BY NAME SELECT f.lead_no AS from_no, r.lead_no AS into_no,
                   TIMESTAMP '2026-01-01' AS known_from, 'test' AS origin
               FROM leads f, leads r WHERE f.lead_id = ? AND r.lead_id = ?""",
            [old, root],
        )
    assert (of(root)["pool"], of(root)["hand_reason"]) == ("sdr.uki", "Ann asked")
    snoozed = bench.rooms.overrides.place(Override(Kind.SNOOZE, "Ann again"), [old, root], "ana")
    assert overrides.of_lead(root)["kind"].to_list() == ["snooze", "route"]
    assert bench.rooms.overrides.end(snoozed, "ana", root) == 1
    bench.rooms.users.add("pat", "privacy", "root")
    told = erasing.erase(bench.db, root, "DSR-1", "pat", bench.rooms.users)
    assert set(overrides.of_lead(root)["reason"]) == {"erased"}
    assert of(root)["hand_reason"] == "erased"
    assert {one["sink"]: one["rows"] for one in told.sinks}["overrides"] == 2
    ways = FunnelStore(bench.db).ways(None, None)
    assert old not in ways["lead_id"] and ways["lead_id"].is_unique().all()
    with bench.db.change("decisions", "decisions.recorded", "ana") as change:
        change.execute("DELETE FROM decisions WHERE lead_id = ?", [root])
    again = FunnelStore(bench.db).ways(None, None).filter(lead_id=root)
    assert again["routed_at"].is_not_null().to_list() == [True], "what was decided under its other id counts for it"


def drawn(component: str, lead_ids: list[str], kind: str | None) -> None:
    """A dialog's content as a page of its own: AppTest forgets a dialog with the next run."""
    import streamlit as st

    from app.components import lead_hands, override_form
    from core.decisions.store_overrides import Kind

    st.session_state["session_identity"] = "ana"
    if component == "form":
        override_form.form(lead_ids, "form", Kind(kind) if kind else None)
    else:
        lead_hands.feedback(lead_ids, "form")
    override_form.undo("last")


def test_many_leads_are_routed_after_one_more_question_and_taken_back(bench):
    ids = queue()["lead_id"].head(60).to_list()
    at = AppTest.from_function(drawn, default_timeout=60, args=("form", ids, "route")).run()
    at.selectbox(key="form_pool").select("sdr.latam")
    at = at.text_input(key="form_reason").set_value("A fair").run()
    assert at.button(key="form_do").disabled
    at = at.checkbox(key="form_sure").check().run()
    head = bench.db.newest_entries(1)["seq"].item()
    at = at.button(key="form_do").click().run()
    assert not at.exception and not at.error
    assert bench.db.newest_entries(1)["seq"].item() == head + 1
    routed = leads.Filter("all", pools=("sdr.latam",), hands=("route",))
    assert leads.matching(routed)["lead_id"].sort().to_list() == sorted(ids)
    at.button(key="last_undo").click().run()
    assert leads.matching(routed).is_empty()


def test_of_many_those_that_can_be_are_routed_and_the_others_are_told_by_reason(bench):
    disputed, denied, *free = queue()["lead_id"].slice(30, 5)
    closed = bench.db.scalar("SELECT min(lead_id) FROM published.outcomes SEMI JOIN decisions_latest USING (lead_id)")
    contest(bench, "c10", disputed)
    with bench.db.change("decisions", "decisions.recorded", "ana") as change:
        change.execute("UPDATE decisions SET disposition = 'DENY', pool = NULL WHERE lead_id = ?", [denied])
    ids = [*free, disputed, denied, closed]
    at = AppTest.from_function(drawn, default_timeout=60, args=("form", ids, "route")).run()
    told = "3 of 6 can be routed; 1 closed, 1 denied, 1 contested."
    assert any(told in one.value for one in at.markdown) and at.button(key="form_do").label == "Route 3 leads"
    at.selectbox(key="form_pool").select("sdr.latam")
    at = at.text_input(key="form_reason").set_value("A fair").run()
    head = bench.db.newest_entries(1)["seq"].item()
    at = at.button(key="form_do").click().run()
    entry = bench.db.newest_entries(1).row(0, named=True)
    assert not at.exception and (entry["seq"], entry["kind"]) == (head + 1, PLACED)
    body = json.loads(entry["body"])
    assert (body["leads"], body["left_out"]) == (3, {"closed": 1, "denied": 1, "contested": 1})
    assert any("Routed to sdr.latam: 3 of 6; 1 closed, 1 denied, 1 contested." in one.value for one in at.markdown)
    assert {of(one)["pool"] for one in free} == {"sdr.latam"} and not of(disputed)["hands"]
    assert bench.rooms.overrides.end(body["override_id"], "ana") == 3
    none = AppTest.from_function(drawn, default_timeout=60, args=("form", [disputed], "route")).run()
    none.selectbox(key="form_pool").select("sdr.latam")
    none = none.text_input(key="form_reason").set_value("A fair").run()
    assert any("0 of 1 can be routed" in one.value for one in none.markdown)
    assert none.button(key="form_do").disabled
    with pytest.raises(LeadsContested):
        bench.rooms.overrides.place_where_possible(Override(Kind.ROUTE, "x", "sdr.uki"), [disputed], "ana")


def test_feedback_on_many_is_one_entry_and_is_taken_back(bench):
    ids = queue()["lead_id"].head(3).to_list()
    bench.rooms.feedback.give(ids[0], Verdict.GOOD, "ana")
    head = bench.db.newest_entries(1)["seq"].item()
    at = AppTest.from_function(drawn, default_timeout=60, args=("feedback", ids, None)).run()
    at = at.get("button_group")[0].set_value(Verdict.JUNK).run()  # type: ignore[attr-defined]
    at = at.button(key="form_do").click().run()
    assert not at.exception and bench.db.newest_entries(1)["seq"].item() == head + 1
    assert [desk.verdict(one) for one in ids] == [(Verdict.JUNK, "ana")] * 3
    at.button(key="last_undo").click().run()
    assert bench.db.newest_entries(1)["seq"].item() == head + 2, "two words are given back in one entry"
    assert [desk.verdict(one) for one in ids] == [(Verdict.GOOD, "ana"), None, None]
    with pytest.raises(NobodyChosen):
        bench.rooms.feedback.give_to({}, "ana")


def test_what_is_picked_follows_the_leads_where_they_move(monkeypatch):
    kept: dict = {}
    monkeypatch.setattr(lead_grid.session, "value", lambda key, default=None: kept.get(key, default))
    monkeypatch.setattr(lead_grid.session, "remember", kept.__setitem__)
    first = lead_grid._widget({"a": 0, "b": 1, "c": 2}, [], "grid")
    assert lead_grid._widget({"a": 0, "b": 1, "c": 2}, ["b", "c"], "grid") == first == (first[0], [])
    moved = lead_grid._widget({"c": 0, "d": 1, "a": 2}, ["b", "c"], "grid")
    assert moved[0] != first[0] and moved[1] == [0]


def test_the_actions_on_leads_are_for_those_that_are_picked(bench, monkeypatch):
    monkeypatch.setattr(frame_table, "pick_many", lambda *_, **__: [0, 1])
    at = page("leads").button(key="leads_hands_snooze").click().run()
    assert not at.exception and any(one.label == "Snooze 2 leads" for one in at.button)
    snoozed = bench.rooms.overrides.place(Override(Kind.SNOOZE, "A fair"), queue()["lead_id"].to_list(), "ana")
    at.session_state[override_form.LAST] = override_form.Last("Snoozed.", lambda: None)
    assert any(one.key == "leads_hands_undo" for one in at.run().button)
    assert any("leads rest for now" in one.value for one in at.markdown)
    bench.rooms.overrides.end(snoozed, "ana")


def test_lead_360_shows_the_word_its_history_and_undo(bench):
    lead_id = queue()["lead_id"][20]
    bench.rooms.overrides.place(Override(Kind.ROUTE, "*Known*", "sdr.uki", "lee"), [lead_id], "ana")
    at = page("lead", id=lead_id, tab="Decision trace")
    assert any("Routed to sdr.uki, lee by ana" in one.value for one in at.markdown)
    assert "“*Known*”" in [one.value for one in at.text]
    assert any(one.label.startswith("By hand · Routed") for one in at.expander)
    hers = [one for one in page("lead", "rita", id=lead_id).button if one.label in ("Override", "Undo")]
    assert len(hers) == 2
    assert all(one.disabled and "may not overrule decisions by hand" in one.help for one in hers)
    record = lead.record(lead_id)
    at = next(one for one in at.button if one.label == "Undo").click().run()
    assert not at.exception and overrides.standing(overrides.of_lead(lead_id)) == []
    assert lead.record(lead_id) == record
    at = at.button(key="lead_override").click().run()
    assert any(one.label == "Pool" for one in at.selectbox)
