"""A look at a feature before it is kept."""

from datetime import UTC, datetime

import pytest

from core.features import parser, sample
from core.features.errors import AttributeUnknown
from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.signals.service import Signals

CLOCK = FixedClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
HEAD = "schema: leadbench/features/v1\nname: draft\nfeatures:\n"
VISITS = parser.read(HEAD + "  - {name: visits, aggregate: count, where: \"type = 'visit'\", window: all}\n", "draft")
UNKNOWN = parser.read(HEAD + "  - {name: shoe_size, attribute: shoe_size}\n", "draft")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    rows = [f"e{n},l{n % 30},visit,2026-01-{1 + n % 28:02d}T10:00:00Z" for n in range(90)]
    (folder / "events.csv").write_text("event_id,lead_id,type,occurred_at\n" + "\n".join(rows) + "\n")
    with Database.open(folder / "store", CLOCK) as database:
        Signals(database).import_events(folder / "events.csv", {"map": {"source": {"literal": "web"}}}, actor="ana")
        yield database


def test_twenty_leads_that_were_active_last_as_of_the_newest_event(store):
    rows = sample.rows(store, VISITS)
    assert rows.height == 20 and rows["as_of"].n_unique() == 1
    assert rows["visits"].to_list() == [3] * 20


def test_the_statement_is_the_one_that_a_build_would_run(store):
    assert "SELECT" in sample.statement(store, VISITS)


def test_an_attribute_that_no_lead_has_is_refused(store):
    with pytest.raises(AttributeUnknown, match="shoe_size"):
        sample.statement(store, UNKNOWN)


def test_a_store_without_events_gives_undated_rows(tmp_path):
    with Database.open(tmp_path / "store", CLOCK) as database:
        assert sample.rows(database, VISITS).is_empty()
