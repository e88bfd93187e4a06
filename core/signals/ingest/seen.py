"""Which event ids the log holds, as hashes in memory, 8 bytes an event: what is not among them is new for certain."""

import numpy as np
import polars as pl

from core.kernel.database import Cursor

MOST_LOOSE = 100_000
AFTER = "SELECT event_id, event_no FROM events WHERE event_no > $after ORDER BY event_no LIMIT 1000000"


class SeenIds:
    """The hashes of all event ids up to a place in the log; one thread uses it."""

    def __init__(self) -> None:
        self._sorted = np.empty(0, dtype=np.uint64)
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
        places = np.searchsorted(self._sorted, hashes)
        places[places == len(self._sorted)] = 0
        return not len(self._sorted) or not bool((self._sorted[places] == hashes).any())

    def _add(self, hashes: np.ndarray) -> None:
        self._loose.update(hashes.tolist())
        if len(self._loose) > MOST_LOOSE:
            merged = np.concatenate([self._sorted, np.fromiter(self._loose, dtype=np.uint64)])
            self._sorted, self._loose = np.unique(merged), set()
