"""What the pages read of the signals, as known at a time, personal values unsealed only here."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.signals.service import Signals
from core.signals.store_pages import SignalPages

CLOCK = FixedClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
LEADS = """lead_id,created_at,email,employees,region
l1,2026-01-01,ann@acme.com,50,DACH
l2,2026-01-02,bob@acme.com,7,UKI
"""
EVENTS = """event_id,lead_id,type,occurred_at,received_at
e1,l1,visit,2026-01-03T10:00:00Z,2026-01-03T10:00:00Z
e2,l1,form,2026-01-04T10:00:00Z,2026-01-09T10:00:00Z
e3,l2,visit,2026-01-05T10:00:00Z,2026-01-05T10:00:00Z
"""
OUTCOMES = "lead_id,outcome,closed_at\nl1,won,2026-02-01\n"


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signals")
    with Database.open(folder / "store", CLOCK) as database:
        signals = Signals(database)
        signals.import_leads(written(folder, "leads.csv", LEADS), actor="ana")
        signals.import_events(
            written(folder, "events.csv", EVENTS), {"map": {"source": {"literal": "web"}}}, actor="ana"
        )
        signals.import_file("outcomes", written(folder, "outcomes.csv", OUTCOMES), actor="ana")
        yield SignalPages(database)


def test_a_personal_value_is_unsealed_and_marked(pages):
    rows = {name: (value, personal) for _, name, value, _, _, personal in pages.attributes(["l1"]).iter_rows()}
    assert rows["email"] == ("ann@acme.com", True)
    assert rows["employees"] == ("50", False)


def test_only_the_attributes_asked_for_are_read(pages):
    assert set(pages.attributes(["l1", "l2"], ["region"])["value"]) == {"DACH", "UKI"}


def test_an_attribute_is_not_known_before_its_lead(pages):
    assert pages.attributes(["l1"], ["region"], datetime(2025, 12, 31, tzinfo=UTC)).is_empty()


def test_an_event_received_later_is_not_in_an_earlier_timeline(pages):
    assert pages.timeline("l1", datetime(2026, 1, 6, tzinfo=UTC))["event_id"].to_list() == ["e1"]
    late = pages.timeline("l1", datetime(2026, 1, 6, tzinfo=UTC), known_at=datetime(2026, 1, 10, tzinfo=UTC))
    assert late["event_id"].to_list() == ["e2", "e1"], "it had happened, and was known by the time that is asked for"
    assert pages.timeline("l1")["event_id"].to_list() == ["e2", "e1"]


def test_the_timeline_is_cut_at_its_limit(pages):
    assert pages.timeline("l1", most=1).height == 1


def test_the_totals_add_up(pages):
    totals = pages.totals()
    assert (totals["leads"], totals["events"], totals["won"], totals["lost"], totals["batches"]) == (2, 3, 1, 0, 3)


def test_kinds_say_how_late_they_arrive(pages):
    kinds = {row["type"]: row for row in pages.sources().iter_rows(named=True)}
    assert kinds["form"]["delay_seconds"] == 5 * 86_400 and kinds["visit"]["leads"] == 2


def test_a_lead_that_does_not_exist_is_nothing(pages):
    assert pages.lead("nobody").is_empty()
    assert pages.lead("l1")["lead_id"].item() == "l1"
    assert pages.outcomes("l1")["outcome"].to_list() == ["won"]
