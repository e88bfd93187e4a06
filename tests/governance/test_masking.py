"""Which role sees which column."""

import polars as pl
import pytest

from core.governance.masking import MASK, conceal, declared_by, hides_besides, kind_of, mask
from core.governance.permissions import Role
from core.policy import parser
from core.policy.overlays import MASKED_ROLES
from tests.policy.conftest import example_text

PEOPLE = pl.DataFrame(
    {
        "lead_id": ["l-1", "l-2"],
        "company": ["Acme", "Bolt"],
        "first_name": ["Ada", None],
        "work_email": ["ada@acme.com", "bo@bolt.io"],
        "phone": [491_701, 491_702],
        "ipAddress": ["10.0.0.1", None],
        "note": ["wrote to ada@acme.com twice", "called"],
        "emails_opened_30d": [3, 4],
        "email_valid": [True, False],
    }
)
HIDDEN = {
    Role.ANALYST: {"work_email", "phone", "ipAddress"},
    **{role: {"work_email", "phone", "ipAddress", "first_name"} for role in Role if role is not Role.ANALYST},
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("column", PEOPLE.columns)
def test_a_column_is_hidden_from_a_role_exactly_as_the_table_says(role, column):
    seen = mask(PEOPLE, role)[column]
    if column in HIDDEN[role]:
        assert set(seen.drop_nulls()) == {MASK}
    elif column != "note":
        assert seen.equals(PEOPLE[column])


@pytest.mark.parametrize("role", list(Role))
def test_an_address_inside_other_text_is_hidden_from_everybody(role):
    assert mask(PEOPLE, role)["note"].to_list() == [f"wrote to {MASK} twice", "called"]


def test_a_missing_value_stays_missing():
    assert mask(PEOPLE, Role.VIEWER)["first_name"].to_list() == [MASK, None]


def test_a_policy_can_only_hide_more():
    seen = mask(PEOPLE, Role.ANALYST, {"analyst": ["company"]})
    assert seen["company"].to_list() == [MASK, MASK]
    assert seen["phone"].to_list() == [MASK, MASK]


def test_what_a_policy_hides_is_hidden_however_it_is_spelt_and_inside_json():
    frame = pl.DataFrame(
        {
            "Plan Name": ["gold"],
            "properties": ['{"planName": "gold", "page": {"plan_name": null, "url": "/x"}}'],
            "note": ["{gold"],
            "score": [0.5],
        }
    )
    seen = mask(frame, Role.VIEWER, {"viewer": ["plan_name", "score"], "analyst": ["note"]}).row(0, named=True)
    assert seen["Plan Name"] == MASK == seen["score"]
    assert seen["properties"] == f'{{"planName": "{MASK}", "page": {{"plan_name": null, "url": "/x"}}}}'
    assert seen["note"] == "{gold"
    assert set(MASKED_ROLES) == {role.value for role in Role}
    policies = [parser.load(example_text(), "example.yaml").document]
    assert set(declared_by(policies)["viewer"]) == {"email", "phone", "ip", "first_name", "last_name"}


def test_a_value_beside_its_name_is_hidden_in_rows_and_inside_json():
    hidden = {"viewer": ["employees", "region", "work_email"]}
    frame = pl.DataFrame(
        {
            "record": ['{"features":[["employees",250],["pace",1.5]],"reasons":[["a","b","c"]]}', None],
            "name": ["Region", "pace"],
            "value": ["NA", "2"],
            "number": [7.0, 8.0],
        }
    )
    seen = mask(frame, Role.VIEWER, hidden)
    assert (
        seen["record"][0] == f'{{"features": [["employees", "{MASK}"], ["pace", 1.5]], "reasons": [["a", "b", "c"]]}}'
    )
    assert (seen["value"].to_list(), seen["number"].to_list()) == ([MASK, "2"], [None, 8.0])
    told = {"points": [{"feature": "employees", "value": 250, "points": 0.1, "sentence": "employees is 250"}]}
    assert conceal(told, Role.VIEWER, hidden)["points"] == [
        {"feature": "employees", "value": MASK, "points": 0.1, "sentence": MASK}
    ]
    assert conceal(told, Role.ANALYST, hidden) == told
    assert hides_besides(Role.VIEWER, hidden) == ["employees", "region"]


@pytest.mark.parametrize("name", ["emails_opened_30d", "mobile_events_7d", "zip", "name", "event_name", "skipped"])
def test_a_name_that_only_looks_personal_is_not(name):
    assert kind_of(name) is None
