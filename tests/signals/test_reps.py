"""Reps: each place in a pool once, told anew where it changed, and what was known earlier stays."""

from datetime import UTC, datetime, timedelta

import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.signals.errors import NothingAccepted, UnmappedField
from core.signals.inspect import inspect
from core.signals.service import Signals

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
REPS = """rep_id,team,daily_capacity,capacity,time_zone,region
u-1,sdr.na;sdr.emea,10,40,Europe/Berlin,DACH
u-2,sdr.na,,25,,US
u-3,sdr.na,many,25,,US
u-2,sdr.na,,30,,US
u-1,sdr.na,10,40,Europe/Berlin,DACH
,sdr.na,,25,,US
u-4,sdr.na,-1,25,,US
"""


@pytest.fixture
def db(tmp_path):
    (tmp_path / "reps.csv").write_text(REPS)
    with Database.open(tmp_path / "store", FixedClock(NOW)) as opened:
        yield opened


def load(db: Database, name: str = "reps.csv", **more):
    return Signals(db).import_file("reps", db.directory.parent / name, more.pop("mapping", None), actor="ana", **more)


def test_a_rep_of_several_pools_stands_in_each_and_bad_records_wait(db):
    found = load(db)
    assert (found.read, found.accepted, found.duplicate, found.quarantined) == (7, 2, 1, 4)
    assert found.reasons == {"duplicate_id": 1, "missing_key": 1, "mixed_types": 2}
    rows = Signals(db).reps().select("pool", "assignee", "per_day", "max_open", "territory").rows()
    assert rows == [
        ("sdr.emea", "u-1", 10, 40, "DACH"),
        ("sdr.na", "u-1", 10, 40, "DACH"),
        ("sdr.na", "u-2", None, 25, "US"),
    ]


def test_the_same_file_again_writes_nothing(db):
    load(db)
    entries = db.entries().height
    again = load(db)
    assert (again.accepted, again.duplicate, again.unchanged, db.entries().height) == (0, 7, True, entries)


def test_a_changed_capacity_counts_from_then_on_and_the_earlier_one_is_kept(db):
    load(db)
    (db.directory.parent / "later.csv").write_text("assignee,pool,per_day\nu-2,sdr.na,5\n")
    db.clock = FixedClock(NOW + timedelta(days=1))
    assert load(db, "later.csv").accepted == 1
    assert Signals(db).reps().filter(assignee="u-2")["per_day"].to_list() == [5]
    assert Signals(db).reps(NOW).filter(assignee="u-2")["max_open"].to_list() == [25]
    assert db.entries("signals")["kind"].to_list() == ["reps.imported", "reps.imported"]


def test_a_dry_run_counts_and_writes_nothing(db):
    assert load(db, dry_run=True).accepted == 2
    assert Signals(db).reps().is_empty() and db.entries().is_empty()


def test_held_records_pass_after_their_mapping_is_corrected(db):
    load(db)
    assert Signals(db).redrive("b000001", {"map": {"per_day": "capacity"}}, actor="ana").accepted == 3
    assert set(Signals(db).reps()["assignee"]) == {"u-1", "u-2", "u-3", "u-4"}


def test_a_file_without_a_pool_is_refused(db):
    (db.directory.parent / "bare.csv").write_text("rep_id,name\nu-1,Mara\n")
    with pytest.raises(UnmappedField, match="pool"):
        load(db, "bare.csv")
    (db.directory.parent / "empty.csv").write_text("rep_id,pool\n,sdr\n")
    with pytest.raises(NothingAccepted):
        load(db, "empty.csv")


def test_inspect_knows_a_file_of_reps(db):
    found = inspect(db.directory.parent / "reps.csv", FixedClock(NOW))
    assert found["kind"] == "reps" and found["suggested_map"]["assignee"] == "rep_id"
