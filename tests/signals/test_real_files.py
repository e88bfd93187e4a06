"""The real files load as their descriptions say (through worker processes)."""

import pytest

from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.signals.service import Signals

pytestmark = [pytest.mark.recipe, pytest.mark.campaign]
WHOLE = "SELECT * EXCLUDE (batch_id) FROM event_log ORDER BY event_no"
LOSSES = "type IN ('A_DECLINED', 'A_CANCELLED')"
LOG = {
    "map": {"lead_id": "case_id", "type": "activity", "occurred_at": "ts", "source": {"literal": "crm"}},
    "properties": ["resource", "lifecycle"],
}


def test_the_loan_log_gives_the_same_events_from_csv_and_xes(signals, real_workers, real_data, tmp_path):
    csv = signals.import_events(real_data / "bpi2012" / "bpi2012_events.csv.gz", LOG, actor="ana")
    assert (csv.read, csv.accepted, csv.quarantined, csv.new_leads) == (262_200, 262_200, 0, 13_087)
    xes = signals.import_events(real_data / "bpi2012" / "BPI_Challenge_2012.xes.gz", LOG, actor="ana")
    assert (xes.read, xes.duplicate, xes.unchanged) == (262_200, 262_200, True)
    with Database.open(tmp_path / "second", SystemClock()) as second:
        Signals(second).import_events(real_data / "bpi2012" / "BPI_Challenge_2012.xes.gz", LOG, actor="ana")
        assert second.read(WHOLE).equals(signals.db.read(WHOLE))
    signals.import_outcomes({"from_events": {"won": "type = 'A_APPROVED'", "lost": LOSSES}}, actor="ana")
    assert signals.summary()["outcomes"] == {"lost": 10_442, "won": 2_246, "open": 399}


def test_the_education_table_counts_select_as_missing(signals, real_workers, real_data):
    found = signals.import_leads(real_data / "x_education" / "Leads.csv", {"lead_id": "Prospect ID"}, actor="ana")
    assert (found.accepted, found.quarantined) == (9_240, 0)
    assert signals.attributes_wide().filter(signals.attributes_wide()["City"] == "Select").is_empty()
    done = signals.import_outcomes(
        {"column": "Converted", "won": "Converted = 1", "lost": "Converted = 0"}, actor="ana"
    )
    assert done.accepted == 9_240
    assert signals.summary()["outcomes"] == {"lost": 5_679, "won": 3_561, "open": 0}


def test_the_marketplace_funnel_joins_its_winners(signals, real_workers, real_data):
    folder = real_data / "olist_funnel"
    leads = signals.import_leads(folder / "olist_marketing_qualified_leads_dataset.csv", actor="ana")
    won = signals.import_outcomes({"path": str(folder / "olist_closed_deals_dataset.csv"), "won": "true"}, actor="ana")
    assert (leads.accepted, won.accepted, won.unmatched) == (8_000, 842, 0)


def test_hubspot_exports_load_with_no_mapping_written(signals, real_workers, real_data):
    folder = real_data / "hubspot_seeds"
    contacts = signals.import_leads(folder / "contact_data.csv", actor="ana")
    mails = signals.import_events(folder / "email_event_data.csv", actor="ana")
    deals = signals.import_outcomes({"path": str(folder / "deal_data.csv")}, actor="ana")
    assert (contacts.read, contacts.accepted, contacts.merged, contacts.adapter) == (22, 22, 3, "hubspot")
    assert (mails.read, mails.accepted, mails.quarantined) == (100, 100, 0)
    assert (deals.read, deals.unmatched, deals.accepted) == (44, 44, 0)
    assert [warning.code for warning in deals.warnings] == ["unmatched_records"]
