"""The cached reads: what they say of a lead, and that they follow the store's revisions."""

from datetime import UTC, datetime
from types import SimpleNamespace

import polars as pl
import pytest

from app.queries import access, data, features, lead, leads, people, release, versions
from app.queries.access import revision
from core.governance.permissions import Role
from core.governance.users import Users


def test_chips_are_the_largest_contributions_with_their_sign_and_business_name():
    points = [["a", 0.02], ["b", -0.1], ["c", 0.001], ["d", 0.05]]
    assert leads.chips(points, {"b": "Quiet spell"}) == ["− Quiet spell", "+ d", "+ a"]


def test_a_contribution_below_half_a_point_is_no_chip():
    assert leads.chips([["a", 0.004]], {}) == []


def test_a_filter_says_itself_in_words():
    chosen = leads.Filter("rising", bands=("hot",), text="acme")
    assert chosen.words() == "view Rising fast; band in hot; text contains 'acme'"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "missing"), (True, "yes"), (3, "3"), (3.0, "3"), (2.7071, "2.71"), ("EMEA", "EMEA")]
)
def test_values_are_shown_as_words(value, text):
    assert lead.shown(value) == text


def test_a_rule_is_named_with_its_reason_code():
    stored = '[{"rule": "g.optout", "reason": "opted_out"}, {"rule": "r.hot", "reason": null}]'
    assert lead.rules(stored) == "g.optout (opted_out), r.hot"


def test_every_lead_of_the_queue_has_a_pool_and_is_still_open(demo):
    rows = leads.matching(leads.Filter("queue"))
    assert rows.height and rows["pool"].null_count() == 0 and not rows["closed_since"].any()


def test_the_board_is_ranked_by_percentile(demo):
    ranks = leads.board()["percentile"].to_list()
    assert ranks == sorted(ranks, reverse=True)


def test_a_search_finds_ids_companies_and_visible_names(demo):
    row = leads.board(Role.ANALYST).row(0, named=True)
    for text in (row["lead_id"], row["company"].upper(), row["lead"]):
        found = leads.matching(leads.Filter("all", text=text), Role.ANALYST)
        assert row["lead_id"] in found["lead_id"].to_list()


def test_a_hidden_name_cannot_be_searched_for(demo):
    name = leads.board(Role.ANALYST)["lead"][0]
    assert leads.matching(leads.Filter("all", text=name), Role.REVIEWER).is_empty()


def test_an_export_shows_what_the_role_may_see(demo):
    rows = leads.to_export(leads.Filter("all"), Role.LEADER)
    assert rows["lead"].to_list() == rows["lead_id"].to_list()
    assert rows["reasons"].list.len().max() <= 5


def test_names_are_left_out_where_there_are_too_many_leads(demo, monkeypatch):
    monkeypatch.setattr(people, "MOST_NAMED", 1)
    ids = leads.board()["lead_id"].to_list()[:5]
    assert people.cards(ids, Role.ANALYST)["lead"].to_list() == ids


def test_the_base_and_the_points_of_an_explanation_give_the_probability(demo):
    told = lead.explanation(leads.board()["decision_id"][0])
    total = told["base"] + lead.points(told)["points"].sum()
    assert total == pytest.approx(told["probability"], abs=1e-9)


def test_a_look_back_uses_the_decision_in_force_then(demo):
    lead_id = leads.board().filter(pl.col("before_at").is_not_null())["lead_id"][0]
    earlier = lead.history(lead_id)["at"][0]
    assert lead.moment_of(lead.record(lead_id, earlier)).replace(tzinfo=None) == earlier


def test_events_that_were_not_yet_known_are_left_out(demo):
    lead_id = leads.board()["lead_id"][0]
    events = lead.events(lead_id)
    middle = events["known_at"].sort()[events.height // 2]
    assert lead.events(lead_id, middle)["known_at"].max() <= middle


def test_personal_values_of_a_profile_follow_the_role(demo, monkeypatch):
    lead_id = leads.board()["lead_id"][0]
    monkeypatch.setattr(lead, "role", lambda: Role.ANALYST)
    seen = dict(lead.profile(lead_id).select("name", "value").iter_rows())
    monkeypatch.setattr(lead, "role", lambda: Role.REVIEWER)
    hidden = dict(lead.profile(lead_id).select("name", "value").iter_rows())
    assert seen["email"] == hidden["email"] == "•••"
    assert (seen["contact_name"] != "•••", hidden["contact_name"]) == (True, "•••")


def test_bands_carry_the_policys_letters_best_first(demo):
    bands = versions.bands()
    assert [bands.label(band) for band in bands.order] == ["A", "B", "C", "D"]
    assert bands.position("hot") == 0 and bands.label(None) == "–"


def test_versions_have_names(demo):
    row = leads.board().row(0, named=True)
    assert versions.policy_name(row["policy_hash"]) == "default v1"
    assert versions.model_name(row["model_hash"]) == "model 1"


def test_a_change_of_a_stream_changes_the_key_of_its_reads(empty):
    before = revision("governance"), revision("signals")
    Users(empty.db).add("zoe", "viewer", "root")
    assert revision("governance") != before[0] and revision("signals") == before[1]


def test_a_draft_of_a_feature_is_read_back_as_written(demo):
    draft = features.draft({"name": "x", "aggregate": "count", "where": "type = 'a\"b'", "window": "7d"}, None)
    assert draft.refusal is None and draft.feature_set is not None
    assert draft.feature_set.features[0].where.text == "type = 'a\"b'"


def test_a_draft_with_an_unknown_calculation_is_refused_with_its_place(demo):
    draft = features.draft({"name": "x", "aggregate": "counts"}, None)
    assert draft.refusal is not None and draft.refusal.where is not None and draft.refusal.where.line == 4


def test_a_plan_becomes_a_mapping():
    plan = pl.DataFrame(
        {
            "column": ["id", "kind", "mail", "junk"],
            "goes_to": ["lead_id", "type", data.KEEP, data.LEAVE_OUT],
            "personal": [False, False, True, False],
        }
    )
    assert data.mapping(plan, "events", {"source": "web"}) == {
        "map": {"lead_id": ["id"], "type": ["kind"], "source": {"literal": "web"}},
        "properties": ["mail"],
        "personal": ["mail"],
    }
    assert data.unmapped(plan, "events") == ["occurred_at"]


def test_a_mapping_of_outcomes_carries_its_conditions():
    plan = pl.DataFrame({"column": ["id"], "goes_to": ["lead_id"], "personal": [False]})
    assert data.mapping(plan, "outcomes", {"won": "a = 1", "lost": ""}) == {"map": {"lead_id": ["id"]}, "won": "a = 1"}


def test_the_judges_word_is_asked_for_anew_when_signals_came_and_when_a_minute_passed(monkeypatch):
    looks, stands = [], {}
    times = iter(
        datetime(2026, 11, 26, 9, minute, second, tzinfo=UTC) for minute, second in ((0, 10), (0, 30), (0, 30), (1, 0))
    )
    rollouts = SimpleNamespace(newest=str, status=looks.append)
    monkeypatch.setattr(release, "rooms", lambda: SimpleNamespace(releases=SimpleNamespace(rollouts=rollouts)))
    monkeypatch.setattr(access, "database", lambda: SimpleNamespace(clock=SimpleNamespace(now=lambda: next(times))))
    monkeypatch.setattr(release, "revision", lambda *streams: ",".join(f"{one}{stands.get(one, 0)}" for one in streams))
    counts = []
    for stands["signals"] in (1, 1, 2, 2):
        release.rollout("looked at twice")
        counts.append(len(looks))
    assert counts == [1, 1, 2, 3]
