"""The high-water file: a torn line is dropped, and its space is taken before anything is committed."""

import resource
from datetime import UTC, datetime

import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.kernel.errors import StoreUnreadable
from core.kernel.high_water import HighWater, Mark

CLOCK = FixedClock(datetime(2026, 11, 20, 10, tzinfo=UTC))
HASHES = ["sha256:" + digit * 64 for digit in "123"]


def test_a_mark_after_a_torn_line_can_be_read_again(tmp_path):
    file = HighWater(tmp_path / "high-water.log")
    file.append(Mark(1, HASHES[0]))
    with (tmp_path / "high-water.log").open("ab") as stream:
        stream.write(b"2 sha256:22")
    file.append(Mark(2, HASHES[1]))
    assert file.last() == Mark(2, HASHES[1])
    text = (tmp_path / "high-water.log").read_text().rstrip("\0")
    assert text.splitlines() == [f"1 {HASHES[0]}", f"2 {HASHES[1]}"]


def test_a_commit_syncs_the_file_once(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("core.kernel.high_water.os.fsync", synced.append)
    file = HighWater(tmp_path / "high-water.log")
    for seq, hash_text in enumerate(HASHES, 1):
        file.reserve()
        file.append(Mark(seq, hash_text))
    assert file.last() == Mark(3, HASHES[2])
    assert len(synced) == 1 + len(HASHES)


def test_a_reserved_line_is_no_mark_until_it_is_written(tmp_path):
    file = HighWater(tmp_path / "high-water.log")
    file.append(Mark(1, HASHES[0]))
    file.reserve()
    assert file.last() == Mark(1, HASHES[0])
    file.append(Mark(2, HASHES[1]))
    assert file.last() == Mark(2, HASHES[1])


def test_a_line_that_was_reserved_fits_on_a_disk_that_has_filled_up(tmp_path):
    file = HighWater(tmp_path / "high-water.log")
    file.append(Mark(1, HASHES[0]))
    file.reserve()
    size = (tmp_path / "high-water.log").stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        file.append(Mark(2, HASHES[1]))
        with pytest.raises(OSError):
            file.reserve()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.last() == Mark(2, HASHES[1])


@pytest.mark.parametrize("damage", [b"\x80\xff\n", b"one line of words\n", b"\n"], ids=["bytes", "words", "nothing"])
def test_a_store_whose_mark_cannot_be_read_is_refused(tmp_path, damage):
    Database.open(tmp_path, CLOCK).close()
    (tmp_path / "high-water.log").write_bytes(damage)
    with pytest.raises(StoreUnreadable, match="its last line is no number and hash"):
        Database.open(tmp_path, CLOCK)
