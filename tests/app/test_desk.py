"""Feedback, saved views and marks from the pages: a press is a ledger entry, and can be taken back."""

from datetime import datetime

from app.queries import desk, leads
from core.governance.feedback import Verdict
from core.governance.permissions import Role
from tests.app.pages import page


def test_a_word_on_a_lead_is_kept_found_exported_and_taken_back(demo_copy):
    at = page("leads")
    lead = at.dataframe[0].value["ref"][0]
    control = next(one for one in at.get("button_group") if "leads_peek_feedback" in str(one.key))
    control.set_value(Verdict.JUNK).run()
    assert desk.verdict(lead) == (Verdict.JUNK, "ana")
    entry = demo_copy.db.entries("governance").tail(1).row(0, named=True)
    assert entry["kind"] == "feedback.given" and lead not in entry["body"]
    junk = leads.Filter("all", said=(Verdict.JUNK,))
    assert leads.matching(junk)["lead_id"].to_list() == [lead]
    assert leads.to_export(junk, Role.ANALYST)["feedback"].to_list() == ["junk"]
    demo_copy.rooms.feedback.give(lead, None, "ana")
    assert desk.verdict(lead) is None
    assert leads.matching(junk).is_empty()


def test_a_role_that_may_not_speak_sees_the_words_only(demo_copy):
    demo_copy.rooms.users.add("vic", "viewer", "root")
    at = page("leads", "vic")
    shut = next(one for one in at.get("button_group") if "leads_peek_feedback" in str(one.key))
    assert shut.disabled and "Your role, viewer" in shut.help
    route = next(one for one in at.button if one.label == "Route")
    assert route.disabled and "Your role, viewer, may not overrule decisions by hand" in route.help
    assert not any("act on them" in one.value for one in at.caption)
    save = next(one for one in at.button if one.label == "Save view")
    assert save.disabled and "Your role, viewer, may not leave feedback, views" in save.help


def test_a_kept_view_brings_its_filters_back(demo_copy):
    at = page("leads", band="B")
    at.text_input(key="leads_views_name").set_value("warm ones")
    next(one for one in at.button if one.label == "Save view").click().run()
    assert not at.exception and not at.error
    assert [one.name for one in desk.views("leads")] or demo_copy.rooms.views.of("leads", "ana")
    other = page("leads")
    assert len(set(other.dataframe[0].value["band"])) > 1
    other.button(key="leads_views_open_ana_warm ones").click().run()
    assert set(other.dataframe[0].value["band"]) == {"warm"}


def test_a_private_view_is_not_offered_to_somebody_else(demo_copy):
    demo_copy.rooms.views.save("leads", "anas own", {"band": ["hot"]}, "ana", shared=False)
    keys = [one.key for one in page("leads", "rita").button]
    assert not any("anas own" in str(key) for key in keys)


def test_a_mark_stands_on_the_chart_of_events_until_it_is_removed(demo_copy):
    demo_copy.rooms.annotations.add(demo_copy.rooms.signals.last_event_at(), "Autumn fair", "ana")
    at = page("data")
    assert "Autumn fair" in " ".join(one.value for one in at.markdown)
    mark = desk.annotations()[0]
    assert isinstance(mark.at, datetime)
    at.button(key=f"data_sources_annotate_remove_{mark.annotation_id}").click().run()
    assert desk.annotations() == []
    at.button(key="data_sources_annotate_undo").click().run()
    assert [one.content for one in desk.annotations()] == ["Autumn fair"]
