"""A lead id that is an e-mail address stays in the store: screens, page addresses and files show a number instead."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from app import feedback, session
from app.queries import audit, data, lead, leads, outbox, people, study
from core.decisions.errors import LeadUndecided
from core.decisions.store_contests import ContestStore
from core.decisions.store_outbox import SCHEMA, OutboxStore
from core.governance import erasing
from core.governance.masking import MASK, initials
from core.governance.permissions import Permission, Role
from core.kernel.settings import Settings
from core.policy.default import shipped
from tests.app.pages import page

IDS = ["kim@acme.example", "ld_7"]


@pytest.fixture
def addressed(empty, tmp_path: Path):
    file = tmp_path / "leads.csv"
    file.write_text("lead_id,created_at,company\nkim@acme.example,2026-01-01,Acme\nld_7,2026-01-02,Bolt\n")
    mapping = {"map": {"lead_id": "lead_id", "created_at": "created_at"}, "attributes": ["company"]}
    empty.rooms.signals.import_file("leads", file, mapping, actor="ana")
    return empty


def test_an_address_is_shown_as_a_number_that_says_nothing(addressed):
    shown = people.refs(IDS)["ref"].to_list()
    assert shown[0].startswith("no-") and "@" not in shown[0]
    assert shown[1] == "ld_7"


def test_the_number_finds_the_lead_again(addressed):
    for lead_id in IDS:
        ref = people.refs([lead_id])["ref"][0]
        assert people.id_of(ref) == lead_id
        found = lead.find(ref)
        assert found is not None and found.lead_id == lead_id


def test_no_role_reads_the_address_on_a_card(addressed):
    for role in Role:
        cards = people.cards(IDS, role)
        assert "kim@acme.example" not in cards.drop("lead_id").to_dicts()[0].values()


def test_who_may_see_names_knows_an_address_by_its_initials_and_domain(addressed, monkeypatch):
    ref = people.refs(IDS)["ref"][0]
    shown = {role: people.cards(IDS, role)["lead"].to_list() for role in Role}
    assert shown[Role.ANALYST] == ["K @ acme.example", "ld_7"]
    assert all(names == [ref, "ld_7"] for role, names in shown.items() if role is not Role.ANALYST)
    monkeypatch.setattr(lead, "role", lambda: Role.ANALYST)
    found = lead.find(ref)
    assert found and (found.name, found.about) == ("K @ acme.example", f"Acme · {ref}")
    told = pl.DataFrame({"id": ["jane.m-doe@mail.acme.com", "<x> 42@acme.com", "none"]})
    assert told.select(initials("id"))["id"].to_list() == ["JM @ mail.acme.com", "@ acme.com", None]
    addressed.rooms.releases.bootstrap(f"{shipped()}\nprivacy: {{mask: {{analyst: [full_name]}}}}\n", "default")
    assert people.cards(IDS, Role.ANALYST)["lead"].to_list() == [ref, "ld_7"]


def test_who_was_erased_is_called_by_number_alone(addressed):
    addressed.rooms.users.add("pat", "privacy", "root")
    erasing.erase(addressed.db, IDS[0], "DSR-1", "pat", addressed.rooms.users)
    ref = people.refs(IDS)["ref"][0]
    assert people.cards(IDS, Role.ANALYST)["lead"].to_list() == [ref, "ld_7"]


def test_what_the_policy_that_decides_hides_is_hidden_from_that_role_alone(addressed, monkeypatch):
    assert people.cards(["ld_7"], Role.ANALYST)["company"].to_list() == ["Bolt"]
    addressed.rooms.releases.bootstrap(f"{shipped()}\nprivacy: {{mask: {{analyst: [Company]}}}}\n", "default")
    assert people.cards(["ld_7"], Role.ANALYST)["company"].to_list() == [None]
    assert people.cards(["ld_7"], Role.REVIEWER)["company"].to_list() == ["Bolt"]
    for role, shown in ((Role.ANALYST, "•••"), (Role.REVIEWER, "Bolt")):
        monkeypatch.setattr(lead, "role", lambda role=role: role)
        assert dict(lead.profile("ld_7").select("name", "value").iter_rows())["company"] == shown


def test_a_message_to_other_systems_names_no_address(addressed):
    rows = [("m_1", "d_1", "kim@acme.example", "entry", "notify", "working")]
    box = OutboxStore(addressed.db)
    with addressed.db.change("decisions", "decisions.recorded", "ana") as change:
        box.put(change, pl.DataFrame(rows, schema=SCHEMA, orient="row"))
    assert box.listed(None, 9)["lead_id"].to_list() == people.refs(["kim@acme.example"])["ref"].to_list()


def test_the_live_tail_names_no_address(addressed, tmp_path):
    file = tmp_path / "events.csv"
    file.write_text("event_id,lead_id,type,source,occurred_at\ne1,kim@acme.example,visit,web,2026-01-03T00:00:00Z\n")
    addressed.rooms.signals.import_file("events", file, {}, actor="ana")
    assert data.newest()["lead_id"].to_list() == ["•••"]


def test_a_contest_of_an_address_is_listed_by_its_number(addressed):
    row = {"contest_id": "c0001", "lead_id": "kim@acme.example", "decision_id": "d_1", "reason": "x", "route": "q"}
    row |= {"asked_by": "ana", "asked_at": datetime(2026, 11, 1), "due_at": datetime(2026, 11, 2)}
    with addressed.db.change("governance", "decision.contested", "ana") as change:
        change.insert("contests", pl.DataFrame([row]))
    listed = ContestStore(addressed.db).listed(only_open=True)
    assert listed["shown_id"].to_list() == people.refs(["kim@acme.example"])["ref"].to_list()


def test_where_messages_go_is_told_without_what_may_be_a_secret(monkeypatch):
    settings = Settings(outbox_url="https://ana:word@hooks.example:8443/T0/secret?token=1")
    monkeypatch.setattr(outbox, "database", lambda: SimpleNamespace(settings=settings))
    assert outbox.receiver() == "https://hooks.example"


def test_a_number_that_is_no_lead_finds_nothing(addressed):
    assert lead.find("no-99999") is None
    assert people.id_of("no-such-id") == "no-such-id"


def test_who_may_not_reveal_does_not_find_out_whether_an_address_is_a_lead(addressed, monkeypatch):
    from tests.app.test_pages_work_and_data import opened

    addressed.rooms.users.add("pat", "privacy", "root")
    assert people.id_of(IDS[0]) == people.id_of("gone@acme.example") == MASK and lead.find(IDS[0]) is None
    at = opened("data", tab="Identity").text_input(key="data_identity_asked").set_value(IDS[0]).run()
    assert at.info[0].value == people.NO_ADDRESS and not at.error and at.query_params["lead"] == MASK
    at.session_state[session.IDENTITY] = "pat"
    at = at.run().text_input(key="data_identity_asked").set_value(f" {IDS[0]} ").run()
    assert not at.error and at.query_params["lead"] == people.refs(IDS[:1])["ref"][0]
    monkeypatch.setattr(session, "identity", lambda: "pat")
    found = lead.find(IDS[0])
    assert found is not None and found.lead_id == people.id_of(IDS[0]) == IDS[0]


def test_a_search_looks_in_what_is_shown(demo, monkeypatch):
    first = leads.board().row(0, named=True)
    is_first = pl.col("lead_id") == first["lead_id"]
    shown = [pl.when(~is_first).then(name).otherwise(pl.lit("no-1")).alias(name) for name in ("lead", "ref")]
    hidden = pl.when(is_first).then(pl.lit(IDS[0])).otherwise("lead_id").alias("lead_id")
    rows = leads.board().with_columns(hidden, *shown)
    monkeypatch.setattr(leads, "board", lambda seen_by=None: rows)
    assert [leads.matching(leads.Filter("all", text=text)).height for text in (IDS[0], "kim@", "@acme")] == [0, 0, 0]
    assert IDS[0] in leads.matching(leads.Filter("all", text="no-1"))["lead_id"]


def test_evidence_that_names_addresses_is_for_who_may_reveal(demo, monkeypatch):
    assert audit.withheld() is None
    monkeypatch.setattr(audit, "_names_addresses", lambda revision: True)
    assert "e-mail addresses" in str(audit.withheld())
    at = page("approvals", tab="Audit")
    assert at.button(key="approvals_audit_zip").disabled
    monkeypatch.setattr(audit, "may", lambda permission: permission is Permission.REVEAL)
    assert audit.withheld() is None
    monkeypatch.setattr(audit, "hidden_besides", lambda role: ["company"])
    assert "company" in str(audit.withheld())


def test_a_refusal_on_a_page_names_no_address(monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(feedback.st, "error", lambda text, **_: told.append(text))
    with feedback.refusals():
        raise LeadUndecided("kim@acme.example", None)
    assert "Lead `•••` has no decision" in told[0]


def test_an_address_of_no_known_lead_is_masked(addressed):
    assert people.refs(["gone@acme.example"])["ref"].to_list() == ["•••"]


def test_a_small_group_of_a_study_keeps_its_name_only_where_the_policy_says_so(addressed):
    side = {"share": 0.1, "low": 0.0, "high": 0.3}
    group = {"dimension": "region", "verdict": "not_enough_leads", "before": side, "after": side, "change": 0.0}
    bounds = {"change_low": -0.1, "change_high": 0.1}
    result = {"harm": [{**group, **bounds, "group": name, "leads": count} for name, count in (("NA", 9), ("DACH", 10))]}
    assert study.harm(result)["leads"].to_list() == [10, 9]
    privacy = "privacy: {aggregate_reports: {min_cell: 10}}"
    addressed.rooms.releases.bootstrap(f"{shipped()}\n{privacy}\n", "default")
    rows = study.harm(result)
    assert rows.filter(group="NA").row(0) == ("region", "NA", None, None, None, None, None)
    assert rows.filter(group="DACH")["leads"].item() == 10
