"""Names of well-known sources map by alias; what is written outranks them; what is missing is named."""

import pytest

from core.signals.errors import MappingInvalid, UnknownColumn, UnknownMappingField, UnmappedField
from core.signals.mapping import Mapping, resolve, suggested_map

SEGMENT = ["type", "messageId", "userId", "anonymousId", "event", "properties", "context", "timestamp", "receivedAt"]
SALESFORCE = ["Id", "LeadSource", "Status", "IsConverted", "ConvertedDate", "CreatedDate", "Company"]
HUBSPOT = ["Record ID", "First Name", "Email", "Lifecycle Stage", "Create Date", "Company Name"]
FIVETRAN = ["id", "property_email", "property_createdate", "property_hs_merged_object_ids"]


def test_segment_columns_map_by_alias():
    found = suggested_map(SEGMENT, "events")
    assert found["lead_id"] == "userId"
    assert found["event_id"] == "messageId"
    assert found["type"] == ["event", "type"]
    assert found["occurred_at"] == "timestamp"


@pytest.mark.parametrize(
    ("columns", "lead_id", "created_at"),
    [
        (SALESFORCE, "Id", "CreatedDate"),
        (HUBSPOT, "Record ID", "Create Date"),
        (FIVETRAN, "id", "property_createdate"),
        (["mql_id", "first_contact_date", "origin"], "mql_id", "first_contact_date"),
        (["REG_DATE", "case_id", "AMOUNT_REQ"], "case_id", "REG_DATE"),
        (["user_id", "signup_date"], "user_id", "signup_date"),
    ],
)
def test_lead_files_map_by_alias(columns, lead_id, created_at):
    found = suggested_map(columns, "leads")
    assert (found["lead_id"], found["created_at"]) == (lead_id, created_at)


def test_xes_names_find_the_columns_of_the_reader():
    columns = ["case_id", "activity", "lifecycle", "ts", "resource"]
    written = {"lead_id": "case:concept:name", "type": "concept:name", "occurred_at": "time:timestamp"}
    laid = resolve(Mapping.of(written), columns, "events", "log.xes")
    assert laid.columns["lead_id"] == ("case_id",)
    assert laid.columns["occurred_at"] == ("ts",)
    assert laid.kept == ("lifecycle", "resource")


def test_what_is_written_outranks_an_alias():
    laid = resolve(Mapping.of({"lead_id": "owner"}), ["lead_id", "owner", "type", "ts"], "events", "f")
    assert laid.columns["lead_id"] == ("owner",)
    assert "lead_id" in laid.kept


def test_a_required_field_without_a_column_is_refused_with_the_nearest():
    with pytest.raises(UnmappedField, match="`occurred_at`") as refused:
        resolve(Mapping(), ["user_id", "event_type", "timestmp"], "events", "f.csv")
    assert "`timestmp`" in refused.value.message
    assert "occurred_at: timestmp" in refused.value.remedy


def test_a_single_column_points_to_the_delimiter():
    with pytest.raises(UnmappedField, match="delimiter"):
        resolve(Mapping(), ["lead_id^type^ts"], "events", "f.csv")


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(UnknownColumn, match=r"`activty`.*Did you mean `activity`"):
        resolve(Mapping.of({"type": "activty"}), ["case_id", "activity", "ts"], "events", "f.csv")


def test_an_unknown_field_is_refused_with_the_nearest():
    with pytest.raises(UnknownMappingField, match=r"`led_id`.*`lead_id`"):
        resolve(Mapping.of({"led_id": "a"}), ["a"], "leads", "f.csv")


@pytest.mark.parametrize("given", [{"lead_id": 5}, {"map": {"lead_id": []}}, {"map": {}, "dates": "ymd"}])
def test_a_mapping_of_the_wrong_shape_is_refused(given):
    with pytest.raises(MappingInvalid):
        Mapping.of(given)


def test_a_mapping_survives_being_stored():
    given = {
        "map": {"lead_id": "a", "type": ["b", "c"], "source": {"literal": "web"}},
        "properties": ["d"],
        "dates": "dmy",
    }
    assert Mapping.of(Mapping.of(given).to_json()) == Mapping.of(given)
