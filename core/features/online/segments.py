"""Each lead's events as one growing block of rows; a block that readers hold is never changed under them."""

from collections.abc import Callable, Iterator, Sequence
from sys import getsizeof
from typing import NamedTuple

import numpy as np

from core.features.online.layout import EVENT_NO, NEVER, OCCURRED, RECEIVED, SUPERSEDED

Tiebreak = Callable[[Sequence[int]], Sequence[int]]


class Segment(NamedTuple):
    """The first `count` rows of a block, ordered by occurred_at, received_at, event_id; room for more behind them."""

    block: np.ndarray
    count: int

    @property
    def rows(self) -> np.ndarray:
        """The rows that are there."""
        return self.block[: self.count]


class Segments:
    """The segments by lead number; `tiebreak` orders event numbers by event_id."""

    def __init__(self, width: int, tiebreak: Tiebreak) -> None:
        self.empty = np.empty((0, width), dtype=np.int64)
        self._segments: dict[int, Segment] = {}
        self._tiebreak = tiebreak

    def rows(self, lead_no: int) -> np.ndarray:
        """The lead's rows as they are now; what is added later does not change them."""
        return self.segment(lead_no).rows

    def prepared(self, lead_nos: np.ndarray, rows: np.ndarray) -> dict[int, Segment]:
        """The segments with rows added, which come ordered by lead and time; nothing changes before `publish`."""
        return {lead_no: self._with(lead_no, part) for lead_no, part in by_lead(lead_nos, rows)}

    def publish(self, prepared: dict[int, Segment]) -> None:
        """Let readers see the segments."""
        self._segments.update(prepared)

    def segment(self, lead_no: int) -> Segment:
        """The lead's segment as it is now."""
        return self._segments.get(lead_no, Segment(self.empty, 0))

    @property
    def nbytes(self) -> int:
        """The bytes of all blocks and of what holds them."""
        held = sum(getsizeof(one.block) + getsizeof(one) for one in self._segments.values())
        return held + getsizeof(self._segments)

    def joined(self, parts: Sequence[np.ndarray], *, by_id: bool) -> tuple[np.ndarray, np.ndarray]:
        """The parts as one block ordered by time, and the part of each row.

        With `by_id` rows of one occurred_at are in the order of received_at and event_id.
        """
        rows = np.concatenate(parts)
        owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        order = self._order(rows) if by_id else np.argsort(rows[:, OCCURRED], kind="stable")
        return rows[order], owners[order]

    def _with(self, lead_no: int, new: np.ndarray) -> Segment:
        old = self.segment(lead_no)
        if not old.count:
            return Segment(new.copy(), len(new))
        if _key(old.rows[-1]) < _key(new[0]):
            return _appended(old, new)
        return Segment(self.joined([old.rows, new], by_id=True)[0], old.count + len(new))

    def _order(self, rows: np.ndarray) -> np.ndarray:
        order = np.lexsort((rows[:, RECEIVED], rows[:, OCCURRED]))
        for start, stop in _ties(rows[order][:, : RECEIVED + 1]):
            tied = order[start:stop]
            place = {int(rows[row, EVENT_NO]): row for row in tied}
            order[start:stop] = [place[event_no] for event_no in self._tiebreak(list(place))]
        return order


def with_superseded(segment: Segment, event_nos: np.ndarray, until: np.ndarray) -> Segment:
    """A copy of the segment in which these events, and no others, are superseded at these times."""
    rows = segment.rows.copy()
    rows[:, SUPERSEDED] = NEVER
    order = np.argsort(rows[:, EVENT_NO])
    rows[order[np.searchsorted(rows[order, EVENT_NO], event_nos)], SUPERSEDED] = until
    return Segment(rows, len(rows))


def by_lead(lead_nos: np.ndarray, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The rows of each lead; both arrays come ordered by lead."""
    starts = np.flatnonzero(np.diff(lead_nos, prepend=-1))
    stops = np.append(starts[1:], len(lead_nos))
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        yield int(lead_nos[start]), rows[start:stop]


def _appended(old: Segment, new: np.ndarray) -> Segment:
    """The new rows behind the old ones: in the block's free room, else in a block half as large again."""
    count = old.count + len(new)
    block = old.block
    if count > len(block):
        block = np.empty((count + count // 2, block.shape[1]), dtype=np.int64)
        block[: old.count] = old.rows
    block[old.count : count] = new
    return Segment(block, count)


def _key(row: np.ndarray) -> tuple[int, int]:
    return int(row[OCCURRED]), int(row[RECEIVED])


def _ties(times: np.ndarray) -> Iterator[tuple[int, int]]:
    """Where runs of rows with the same times begin and end."""
    same = np.concatenate(([False], (times[1:] == times[:-1]).all(axis=1), [False]))
    edges = np.flatnonzero(np.diff(same))
    yield from ((int(start), int(stop) + 1) for start, stop in edges.reshape(-1, 2))
