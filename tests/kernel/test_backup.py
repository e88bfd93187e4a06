"""Backups: consistent while the store is written to, verified, never over anything; damage is named."""

import gzip
import json
import shutil
import stat
import tarfile
import threading
from pathlib import Path

import polars as pl
import pytest

from core.kernel import backup
from core.kernel.backup.errors import BackupDamaged, BackupMissing, StoreExists
from core.kernel.clock import SystemClock
from core.kernel.database import Database

CLOCK = SystemClock()


def silent(done: float, text: str) -> None:
    return None


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Database.open(tmp_path_factory.mktemp("backup") / "store", CLOCK) as db:
        for number in range(3):
            write(db, number)
        yield db


def write(db: Database, number: int) -> None:
    with db.change("governance", "tested", "ana") as change:
        change.insert("lead_keys", pl.DataFrame({"lead_id": [f"l{number}"], "wrapped": [b"x" * 60]}))
        change.body["number"] = number


def restored(made: Path, folder: Path) -> backup.Manifest:
    return backup.restore(made, folder, CLOCK, lambda db: None, silent)


@pytest.mark.parametrize("name", ["copy", "copy.tar.zst", "copy.tar.gz"])
def test_what_is_restored_has_the_same_ledger_and_rows(store, tmp_path, name):
    made = backup.back_up(store, tmp_path / "far" / name, silent)
    assert restored(tmp_path / "far" / name, tmp_path / "again") == made
    with Database.open(tmp_path / "again", CLOCK) as db:
        assert db.verify().ok and db.verify().head == store.verify().head
        assert db.scalar("SELECT count(*) FROM lead_keys") == store.scalar("SELECT count(*) FROM lead_keys")
        assert (tmp_path / "again/keys/master.key").read_bytes() == (store.directory / "keys/master.key").read_bytes()
        write(db, 99)
    assert [path.name for path in (tmp_path / "far").iterdir()] == [name]


def test_a_backup_is_for_its_owner_alone_and_leaves_the_lock_out(store, tmp_path):
    backup.back_up(store, tmp_path / "copy", silent)
    backup.back_up(store, tmp_path / "copy.tar.gz", silent)
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "copy.tar.gz").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        "high-water.log",
        "keys",
        "manifest.json",
        "store.duckdb",
    ]


def test_a_backup_under_writes_and_reads_is_one_moment_of_the_store(store, tmp_path):
    ending = threading.Event()

    def busy(work) -> None:
        number = 1_000
        while not ending.is_set():
            number += 1
            work(number)

    def read(number: int) -> None:
        with store.scratch() as cursor:
            cursor.load("t", pl.DataFrame({"n": [number]}))
            cursor.read("SELECT * FROM t, lead_keys")

    threads = [threading.Thread(target=busy, args=(work,)) for work in (lambda n: write(store, n), read, read)]
    for thread in threads:
        thread.start()
    made = [backup.back_up(store, tmp_path / f"copy{turn}", silent) for turn in range(3)]
    ending.set()
    for thread in threads:
        thread.join()
    assert made[0].ledger_entries < made[2].ledger_entries
    for turn in range(3):
        restored(tmp_path / f"copy{turn}", tmp_path / f"again{turn}")
    assert store.verify().ok


def test_nothing_is_written_over_a_store_or_a_backup(store, tmp_path):
    backup.back_up(store, tmp_path / "copy", silent)
    with pytest.raises(StoreExists, match="copy"):
        backup.back_up(store, tmp_path / "copy", silent)
    with pytest.raises(StoreExists):
        restored(tmp_path / "copy", store.directory)
    (tmp_path / "empty").mkdir()
    restored(tmp_path / "copy", tmp_path / "empty")
    with pytest.raises(BackupMissing):
        restored(tmp_path / "nowhere", tmp_path / "new")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "high-water.log differs": lambda folder: truncate(folder / "high-water.log"),
    "store.duckdb differs": lambda folder: flip(folder / "store.duckdb"),
    "keys/master.key is missing": lambda folder: (folder / "keys/master.key").unlink(),
    "manifest.json is missing": lambda folder: (folder / "manifest.json").unlink(),
    "no manifest": lambda folder: (folder / "manifest.json").write_text("[]"),
    "does not belong to a store": lambda folder: (folder / "manifest.json").write_text(
        (folder / "manifest.json").read_text().replace("keys/master.key", "keys/../../master.key")
    ),
}


@pytest.mark.parametrize("words", DAMAGES)
def test_a_damaged_folder_is_refused_with_what_differs(store, tmp_path, words):
    backup.back_up(store, tmp_path / "copy", silent)
    DAMAGES[words](tmp_path / "copy")
    with pytest.raises(BackupDamaged, match=words):
        restored(tmp_path / "copy", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_file_that_the_manifest_does_not_list_is_left_out(store, tmp_path):
    backup.back_up(store, tmp_path / "copy", silent)
    (tmp_path / "copy/keys/other.key").write_bytes(b"x")
    restored(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new/keys/other.key").exists()


@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.zst"])
@pytest.mark.parametrize("damage", [truncate, flip])
def test_a_damaged_file_is_refused(store, tmp_path, suffix, damage):
    made = tmp_path / f"copy{suffix}"
    backup.back_up(store, made, silent)
    damage(made)
    with pytest.raises(BackupDamaged):
        restored(made, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == [made.name]


def test_an_archive_writes_nothing_outside_the_new_store(store, tmp_path):
    backup.back_up(store, tmp_path / "copy", silent)
    evil = tmp_path / "evil.tar.gz"
    manifest = json.loads((tmp_path / "copy/manifest.json").read_text())
    with gzip.open(evil, "wb") as stream, tarfile.open(fileobj=stream, mode="w|") as archive:
        archive.add(tmp_path / "copy/manifest.json", arcname="manifest.json")
        archive.add(tmp_path / "copy/manifest.json", arcname="../escaped.json")
    with pytest.raises(BackupDamaged, match="escaped"):
        restored(evil, tmp_path / "new")
    assert not (tmp_path / "escaped.json").exists() and manifest["files"]


def test_who_may_not_restore_leaves_nothing(store, tmp_path):
    backup.back_up(store, tmp_path / "copy", silent)

    def refuse(db: Database) -> None:
        raise BackupMissing("refused")

    with pytest.raises(BackupMissing):
        backup.restore(tmp_path / "copy", tmp_path / "new", CLOCK, refuse, silent)
    shutil.rmtree(tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []
