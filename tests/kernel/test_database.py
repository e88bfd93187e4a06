import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from cryptography.exceptions import InvalidTag

from core.kernel.clock import FixedClock
from core.kernel.database import Change, Database
from core.kernel.errors import (
    KeyMissing,
    NoSpace,
    PlanOutdated,
    StoreBehind,
    StoreInUse,
    StoreTooNew,
    StoreUnreadable,
)
from core.kernel.keys import unwrap
from core.kernel.ledger import GENESIS

CLOCK = FixedClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))


@pytest.fixture
def db(tmp_path):
    with Database.open(tmp_path / "store", CLOCK) as database:
        yield database


def accounts(*names: str) -> pl.DataFrame:
    return pl.DataFrame({"account_no": list(range(len(names))), "account_id": list(names)})


def add(db: Database, *names: str) -> None:
    with db.change("signals", "leads.imported", "ana") as change:
        change.insert("accounts", accounts(*names))
        change.body["accounts"] = len(names)


def test_a_change_ends_in_one_ledger_entry(db):
    add(db, "acme", "globex")
    (entry,) = db.entries().iter_rows(named=True)
    assert (entry["seq"], entry["stream"], entry["actor"], entry["body"]) == (1, "signals", "ana", '{"accounts":2}')
    assert db.verify().ok


def test_a_failing_change_leaves_nothing(db):
    with pytest.raises(RuntimeError), db.change("signals", "leads.imported", "ana") as change:
        change.insert("accounts", accounts("acme"))
        raise RuntimeError("stop")
    assert db.scalar("SELECT count(*) FROM accounts") == 0
    assert db.entries().is_empty()


def test_an_abandoned_change_writes_no_entry(db):
    with db.change("signals", "leads.imported", "ana") as change:
        change.insert("accounts", accounts("acme"))
        change.abandon()
    assert db.scalar("SELECT count(*) FROM accounts") == 0
    assert db.revision("signals") == GENESIS


def test_nan_becomes_null_on_the_way_in(db):
    with db.scratch() as cursor:
        cursor.load("numbers", pl.DataFrame({"x": [1.0, float("nan"), None]}))
        assert cursor.scalar("SELECT count(*) FROM numbers WHERE x IS NULL") == 2


def test_a_second_owner_is_refused_with_the_holder(db):
    with pytest.raises(StoreInUse) as refusal:
        Database.open(db.directory, CLOCK)
    assert str(os.getpid()) in str(refusal.value)


def test_another_process_is_refused_with_the_holder(db):
    code = (
        "from pathlib import Path; from core.kernel.clock import SystemClock;"
        "from core.kernel.database import Database;"
        f"Database.open(Path({str(db.directory)!r}), SystemClock())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"in use by process {os.getpid()}" in done.stderr


def test_a_pinned_revision_that_moved_is_refused(db):
    pinned = db.revisions("signals", "models")
    db.require(pinned)
    add(db, "acme")
    with pytest.raises(PlanOutdated, match="signals"):
        db.require(pinned)


def test_the_store_survives_reopening(tmp_path):
    with Database.open(tmp_path, CLOCK) as first:
        add(first, "acme")
        head = first.verify().head
    with Database.open(tmp_path, CLOCK) as second:
        assert second.verify().head == head
        assert second.scalar("SELECT count(*) FROM accounts") == 1


def test_a_store_that_lost_acknowledged_entries_is_refused(tmp_path):
    with Database.open(tmp_path, CLOCK) as database:
        add(database, "acme")
    older = (tmp_path / "store.duckdb").read_bytes()
    with Database.open(tmp_path, CLOCK) as database:
        add(database, "globex")
    (tmp_path / "store.duckdb").write_bytes(older)
    with pytest.raises(StoreBehind, match="entry 2 was acknowledged"):
        Database.open(tmp_path, CLOCK)


def test_a_torn_high_water_line_was_never_acknowledged(tmp_path):
    with Database.open(tmp_path, CLOCK) as database:
        add(database, "acme")
    with (tmp_path / "high-water.log").open("ab") as stream:
        stream.write(b"2 sha256:dead")
    with Database.open(tmp_path, CLOCK) as database:
        assert database.verify().high_water == "ok"


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    Database.open(tmp_path, CLOCK).close()
    with duckdb.connect(str(tmp_path / "store.duckdb")) as connection:
        connection.execute("INSERT INTO schema_version VALUES (9999, 'future')")
    with pytest.raises(StoreTooNew, match="9999"):
        Database.open(tmp_path, CLOCK)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "store.duckdb").write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StoreUnreadable, match=r"store\.duckdb"):
        Database.open(tmp_path, CLOCK)


def test_the_serving_connection_reads_no_files(db, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for statement in (
        f"SELECT * FROM read_csv('{secret}')",
        f"COPY accounts TO '{tmp_path}/out.csv'",
        "SET threads = 1",
    ):
        with pytest.raises(duckdb.Error), db.scratch() as cursor:
            cursor.execute(statement)


def test_eight_threads_of_reads_are_all_right(db):
    add(db, *(f"account {number}" for number in range(500)))
    wrong: list[object] = []

    def reads() -> None:
        for number in range(200):
            found = db.read("SELECT account_id FROM accounts WHERE account_no = ?", [number])
            if found.rows() != [(f"account {number}",)]:
                wrong.append(found)

    threads = [threading.Thread(target=reads) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_concurrent_changes_keep_the_chain(db):
    threads = [threading.Thread(target=add, args=(db, f"account {number}")) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verification = db.verify()
    assert verification.ok and verification.entries == 24


def test_sealed_values_open_again_and_repeat_exactly(db):
    with db.change("signals", "leads.imported", "ana") as change:
        first = change.seal(["a", "b", "a"], [b"ann@acme.test", b"bob@acme.test", None])
    with db.change("signals", "leads.imported", "ana") as change:
        second = change.seal(["a"], [b"ann@acme.test"])
    assert first[0] == second[0] and first[0] != first[1] and first[2] is None
    assert b"acme" not in (first[0] or b"")
    assert db.unseal(["a", "b"], first[:2]) == [b"ann@acme.test", b"bob@acme.test"]


def test_a_shredded_key_opens_nothing_and_what_is_left_of_it_is_under_a_master_key_that_is_gone(db):
    def value(*subjects):
        return db.unseal(list(subjects), [sealed[one] for one in subjects])

    with db.change("signals", "leads.imported", "ana") as change:
        sealed = dict(zip("abc", change.seal(list("abc"), [b"ann", b"bob", b"cem"]), strict=True))
    old, path = db.scalar("SELECT wrapped FROM lead_keys WHERE lead_id = 'a'"), db.directory / "keys" / "master.key"
    master = path.read_bytes()
    with pytest.raises(RuntimeError), db.change("governance", "person.erased", "pat") as change:
        assert change.shred(["a"]) == 1
        raise RuntimeError("stop")
    assert value("a", "b") == [b"ann", b"bob"] and path.read_bytes() == master
    with db.change("governance", "person.erased", "pat") as change:
        assert change.shred(["a", "unknown"]) == 1
        assert change.seal(["b", "d"], [b"bob", b"dan"])[0] == sealed["b"]
    assert value("a", "b", "c") == [None, b"bob", b"cem"] and path.read_bytes() != master
    with pytest.raises(InvalidTag):
        unwrap(path.read_bytes(), old)
    with db.change("governance", "person.erased", "pat") as change:
        assert change.shred(["a"]) == 0
    before = sealed["a"]
    with db.change("signals", "leads.imported", "ana") as change:
        sealed["a"] = change.seal(["a"], [b"ann"])[0]
    assert value("a") == [b"ann"] and db.unseal(["a", "b"], [before, sealed["b"]]) == [None, b"bob"]
    assert value("a") == [b"ann"] and sorted(one.name for one in path.parent.iterdir()) == ["master.key"]


@pytest.mark.parametrize("others", ["b", ""])
@pytest.mark.parametrize("is_committed", [True, False])
def test_a_crash_while_keys_are_exchanged_leaves_those_that_the_store_is_under(
    tmp_path, monkeypatch, is_committed, others
):
    key, who = tmp_path / "store" / "keys" / "master.key", ["a", *others]
    with Database.open(tmp_path / "store", CLOCK) as database:
        with database.change("signals", "leads.imported", "ana") as change:
            sealed = change.seal(who, [b"somebody"] * len(who))
        old = key.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(*((Change, "exchange_keys") if is_committed else (Database, "_finish")), stopped)
            with pytest.raises(KeyboardInterrupt), database.change("governance", "person.erased", "pat") as change:
                change.shred(["a"])
    with Database.open(tmp_path / "store", CLOCK) as database:
        kept = [None if is_committed else b"somebody", *[b"somebody" for _ in others]]
        assert database.unseal(who, sealed) == kept
        assert (key.read_bytes() == old) is not is_committed and not key.with_suffix(".next").exists()


def stopped(*_):
    raise KeyboardInterrupt


def test_between_the_commit_and_the_exchange_of_keys_readers_are_answered(db, monkeypatch):
    with db.change("signals", "leads.imported", "ana") as change:
        sealed = change.seal(["a", "b"], [b"ann", b"bob"])
    read, exchange = [], Change.exchange_keys

    def looked_at(change):
        read.append(db.unseal(["a", "b"], sealed))
        exchange(change)

    monkeypatch.setattr(Change, "exchange_keys", looked_at)
    with db.change("governance", "person.erased", "pat") as change:
        change.shred(["a"])
    assert [*read, db.unseal(["a", "b"], sealed)] == [[None, b"bob"]] * 2


def test_the_key_file_is_private_and_outside_the_database(db):
    path = db.directory / "keys" / "master.key"
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_bytes() not in (db.directory / "store.duckdb").read_bytes()


FULL_DISK = """
import resource, sys
from pathlib import Path
import polars as pl
from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.kernel.errors import NoSpace
directory = Path(sys.argv[1])
with Database.open(directory, SystemClock()) as db:
    with db.change("signals", "leads.imported", "ana") as change:
        change.insert("accounts", pl.DataFrame({"account_no": [1], "account_id": ["kept"]}))
database = Database.open(directory, SystemClock())
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
big = pl.DataFrame({"account_no": range(400_000), "account_id": [f"{n * 7919:040d}" for n in range(400_000)]})
try:
    with database.change("signals", "leads.imported", "ana") as change:
        change.insert("accounts", big.cast({"account_no": pl.Int32}))
except NoSpace as error:
    print("refused", error.code)
"""


def test_a_full_disk_is_refused_and_nothing_is_half_written(tmp_path):
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "refused no_space" in done.stdout, done.stderr
    with Database.open(tmp_path, CLOCK) as database:
        assert database.read("SELECT account_id FROM accounts").rows() == [("kept",)]
        assert database.verify().ok


def test_no_space_names_the_remedy():
    assert "Free some space" in str(NoSpace(Path("store"), "No space left on device"))


def test_a_store_whose_key_file_is_gone_gets_no_new_one(tmp_path):
    with Database.open(tmp_path / "store", CLOCK) as database, database.change("signals", "x.y", "ana") as change:
        (sealed,) = change.seal(["l1"], [b"ann@example.com"])
    key = tmp_path / "store" / "keys" / "master.key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(KeyMissing):
        Database.open(tmp_path / "store", CLOCK)
    assert not key.exists()
    key.write_bytes(kept)
    with Database.open(tmp_path / "store", CLOCK) as database:
        assert database.unseal(["l1"], [sealed]) == [b"ann@example.com"]


def test_a_full_disk_for_the_high_water_mark_commits_nothing(db, monkeypatch):
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.kernel.high_water.HighWater.reserve", full)
    with pytest.raises(NoSpace):
        add(db, "acme")
    assert db.entries().is_empty()
    assert db.scalar("SELECT count(*) FROM accounts") == 0


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "lock").mkdir()
    with pytest.raises(StoreUnreadable, match="lock"):
        Database.open(tmp_path, CLOCK)


def test_keys_that_cannot_be_written_are_refused_and_the_store_is_given_up(tmp_path):
    (tmp_path / "keys").write_text("in the way")
    with pytest.raises(StoreUnreadable):
        Database.open(tmp_path, CLOCK)
    (tmp_path / "keys").unlink()
    Database.open(tmp_path, CLOCK).close()
