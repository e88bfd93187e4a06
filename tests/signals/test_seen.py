"""The hashes of the log's event ids: whatever was taken in is known, whatever was not is new."""

import numpy as np
import polars as pl

from core.signals.ingest.seen import MOST_LOOSE, SeenIds


def ids(*numbers):
    return pl.Series([f"e{number}" for number in numbers], dtype=pl.String)


def test_what_was_taken_in_is_known_and_what_was_not_is_new():
    rng, seen, taken = np.random.default_rng(5), SeenIds(), 0
    for size in rng.choice([1, 7, 100, MOST_LOOSE, MOST_LOOSE + 1, 10_000], 60).tolist():
        assert seen.all_new(ids(*range(taken, taken + size)))
        seen.note(ids(*range(taken, taken + size)), "revision")
        taken += size
        for known in (taken - 1, *rng.integers(0, taken, 20).tolist()):
            assert not seen.all_new(ids(taken, known))
    assert not seen.all_new(ids(taken, taken)), "an id that comes twice is not certainly new"


def test_hashes_take_eight_bytes_an_event():
    seen = SeenIds()
    for start in [*range(0, 200_000, 1_000), *range(0, 150_000, 10_000)]:
        seen.note(ids(*range(start, start + 1_000)), "revision")
    seen.note(ids(*range(150_000)), "read again from the log")
    assert sum(part.nbytes for part in seen._sorted) <= 200_000 * 8
    assert len(seen._loose) <= MOST_LOOSE
    assert len(seen._sorted) <= np.log2(200_000 / MOST_LOOSE) + 1
