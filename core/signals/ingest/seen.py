"""Which event ids the log holds, as hashes in memory, 8 bytes an event: what is not among them is new for certain."""

import numpy as np
import polars as pl

from core.kernel.database import Cursor

MOST_LOOSE = 4_096
AFTER = "SELECT event_id, event_no FROM events WHERE event_no > $after ORDER BY event_no LIMIT 1000000"


class SeenIds:
    """The hashes of all event ids up to a place in the log; one thread uses it.

    The newest are a small set. The others lie in sorted arrays, each at most half as long as the one before it (a
    logarithmic method: Bentley and Saxe 1980), so that no commit has to sort all of them and none costs more than its
    8 bytes.
    """

    def __init__(self) -> None:
        self._sorted: list[np.ndarray] = []
        self._loose: set[int] = set()
        self._upto = 0
        self._revision: str | None = None

    def follow(self, cursor: Cursor, revision: str) -> None:
        """Take in what the log gained; `revision` is that of the signals, as the cursor sees them."""
        if revision == self._revision:
            return
        while (gained := cursor.read(AFTER, {"after": self._upto})).height:
            self._add(gained["event_id"].hash().to_numpy())
            self._upto = gained["event_no"][-1]
        self._revision = revision

    def note(self, ids: pl.Series, revision: str) -> None:
        """Take in what was just written, by the entry of that hash."""
        self._add(ids.hash().to_numpy())
        self._revision = revision

    def all_new(self, ids: pl.Series) -> bool:
        """Whether none of the ids is in the log, and none comes twice; False where that is not certain."""
        hashes = ids.hash().to_numpy()
        if len(np.unique(hashes)) < len(hashes) or any(one in self._loose for one in hashes.tolist()):
            return False
        return not any(_has_any(known, hashes) for known in self._sorted)

    def _add(self, hashes: np.ndarray) -> None:
        if len(hashes) <= MOST_LOOSE:
            self._loose.update(hashes.tolist())
            hashes = np.empty(0, dtype=np.uint64)
        if len(self._loose) > MOST_LOOSE or len(hashes):
            loose, self._loose = np.fromiter(self._loose, dtype=np.uint64), set()
            self._sorted.append(np.sort(np.concatenate([hashes, loose])))
        while len(self._sorted) > 1 and 2 * len(self._sorted[-1]) > len(self._sorted[-2]):
            self._sorted[-2:] = [_merged(self._sorted[-2:])]


def _merged(parts: list[np.ndarray]) -> np.ndarray:
    """Sorted arrays as one; what was noted at a commit and read again from the log is kept once."""
    both = np.sort(np.concatenate(parts), kind="stable")
    return both[np.append(True, both[1:] != both[:-1])]


def _has_any(known: np.ndarray, hashes: np.ndarray) -> bool:
    """Whether any of the hashes is among the sorted ones, of which there is at least one."""
    places = np.searchsorted(known, hashes)
    places[places == len(known)] = 0
    return bool((known[places] == hashes).any())
