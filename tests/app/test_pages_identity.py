"""Identities and contracts on the Data page: an id is separated, a contract is confirmed, Lead 360 follows a merge."""

import pytest

from app import session
from tests.app.test_pages_work_and_data import opened, words

VISITS = """event_id,lead_id,anonymous_id,type,occurred_at,source
e1,,v1,page_viewed,2026-01-01,web
e2,ann,v1,identify,2026-01-03,web
e3,bob,,page_viewed,2026-01-04,web
"""


@pytest.fixture
def visited(empty, tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text(VISITS)
    empty.rooms.signals.import_events(path, actor="ana")
    return empty


def as_ana(at):
    at.session_state[session.IDENTITY] = "ana"
    return at.run()


def test_an_id_is_separated_on_the_data_page(visited):
    at = as_ana(opened("data", tab="Identity"))
    assert not at.exception and "ann" in [one.value for one in at.subheader]
    at.text_input(key="data_identity_why").set_value("two people").run()
    at.button(key="data_identity_unmerge").click().run()
    assert not at.exception and not at.error
    assert visited.rooms.signals.identities.counts()["merged"] == 0


def request(at):
    return next(one for one in at.text_input if one.label == "Request")


def test_a_person_is_erased_on_the_data_page_by_who_may(visited):
    visited.rooms.users.add("pat", "privacy", "root")
    with visited.db.change("signals", "signals.imported", "ana") as change:
        change.seal(["ann"], [b"ann@example.com"])
    at = as_ana(opened("data", tab="Identity"))
    shut = [one.proto.popover for one in at.get("popover")]
    assert any(one.disabled and "may not erase a person" in one.help for one in shut)
    at.session_state[session.IDENTITY] = "pat"
    at = at.run()
    request(at).set_value("DSR-3").run()
    at.button(key="data_identity_erase").click().run()
    assert not at.exception and "Keys shredded: 1." in at.success[0].value
    sinks = next(one.value for one in at.dataframe if "sink" in one.value.columns)
    assert dict(zip(sinks["sink"], sinks["rows"], strict=True))["events"] == 2
    assert visited.db.entries("signals")["kind"].to_list()[-1] == "person.erased"
    assert any("Copies made before" in one.value for one in at.caption)
    at = at.text_input(key="data_identity_asked").set_value("bob").run()
    assert (request(at).value, at.button(key="data_identity_erase").disabled) == ("", True), "asked for anew"


def test_a_contract_is_confirmed_and_a_wrong_one_refused(visited):
    at = as_ana(opened("data", tab="Contracts"))
    at.text_area(key="data_contracts_text_web").set_value("most_late: 7").run()
    at.button(key="data_contracts_confirm").click().run()
    assert "most_late: 7" in at.error[0].value
    at.text_area(key="data_contracts_text_web").set_value("most_late: 0.7").run()
    at.button(key="data_contracts_confirm").click().run()
    assert not at.exception
    assert visited.rooms.signals.sources.confirmed("web").most_late == 0.7


def test_lead_360_of_a_merged_id_is_that_of_its_lead(visited):
    at = opened("lead", id="v1")
    assert not at.exception
    assert any("ann" in one.value for one in at.title) or "ann" in words(at)
