"""The high-water file: a torn line is dropped, and its space is taken before anything is committed."""

import resource

import pytest

from core.kernel.high_water import HighWater, Mark

HASHES = ["sha256:" + digit * 64 for digit in "123"]


def test_a_mark_after_a_torn_line_can_be_read_again(tmp_path):
    file = HighWater(tmp_path / "high-water.log")
    file.append(Mark(1, HASHES[0]))
    with (tmp_path / "high-water.log").open("ab") as stream:
        stream.write(b"2 sha256:22")
    file.append(Mark(2, HASHES[1]))
    assert file.last() == Mark(2, HASHES[1])
    assert (tmp_path / "high-water.log").read_text().splitlines() == [f"1 {HASHES[0]}", f"2 {HASHES[1]}"]


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
