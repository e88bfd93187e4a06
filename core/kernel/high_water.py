"""The high-water file: the last acknowledged ledger entry, kept outside the database.

A truncated or deleted write-ahead log opens silently with rows missing; comparing with this file finds it.
"""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mark:
    """One acknowledged ledger entry."""

    seq: int
    hash: str


class HighWater:
    """An append-only text file of `seq hash` lines, synced to disk before anything is acknowledged."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, mark: Mark) -> None:
        """Add a mark and sync it to disk."""
        with self._path.open("ab") as stream:
            stream.write(f"{mark.seq} {mark.hash}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())

    def last(self) -> Mark | None:
        """The last whole line's mark; a torn last line was never acknowledged."""
        if not self._path.exists():
            return None
        with self._path.open("rb") as stream:
            stream.seek(max(0, self._path.stat().st_size - 4096))
            lines = stream.read().split(b"\n")[:-1]
        if not lines:
            return None
        seq, hash_text = lines[-1].decode().split(" ")
        return Mark(int(seq), hash_text)
