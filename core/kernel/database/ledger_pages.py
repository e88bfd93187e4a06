"""The ledger a page at a time: narrowed in SQL, newest first, going on from an entry's number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from core.kernel.addresses import ADDRESS, MASK
from core.kernel.database.owner import Database

NARROWED = """FROM ledger WHERE (len($streams) = 0 OR list_contains($streams, stream))
    AND ($actor IS NULL OR actor = $actor) AND ($kind IS NULL OR kind = $kind)"""
SHOWN = f"""SELECT seq, "at", stream, kind, actor,
    left(regexp_replace(body, '{ADDRESS}', '{MASK}', 'g'), $letters) AS body,
    substr(hash, 8, 16) AS hash, substr(prev, 8, 16) AS prev"""
OLDER = f"{SHOWN} {NARROWED} AND ($place IS NULL OR seq < $place) ORDER BY seq DESC LIMIT $most"
NEWER = f"FROM ({SHOWN} {NARROWED} AND seq > $place ORDER BY seq LIMIT $most) ORDER BY seq DESC"
SPAN = f"SELECT count(*) AS matching, min(seq) AS oldest, max(seq) AS newest {NARROWED}"
OF_KINDS = "FROM ledger WHERE list_contains($kinds, kind) AND seq > $last ORDER BY seq LIMIT $most"
AT_ONCE = 1_000
LETTERS = 240
"""So much of a body is shown in a list, after addresses are taken out: a part of one would be none."""


@dataclass(frozen=True)
class Narrowed:
    """Which entries are asked for; empty streams, no actor and no kind narrow nothing."""

    streams: tuple[str, ...] = ()
    actor: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Span:
    """How many entries are asked for, and the numbers of the first and the last of them (None where there is none)."""

    matching: int
    oldest: int | None
    newest: int | None


class LedgerPages:
    """Reads of the ledger that never take more of it than is shown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def older(self, asked: Narrowed, before: int | None = None, most: int | None = None) -> pl.DataFrame:
        """The newest entries before a number, newest first; all of them where `most` is None.

        Columns: seq, at, stream, kind, actor, body (shortened), hash and prev (16 digits).
        """
        return self._database.read(OLDER, self._asked(asked, place=before, most=most, letters=LETTERS))

    def newer(self, asked: Narrowed, after: int, most: int) -> pl.DataFrame:
        """The entries that follow a number, as `older` gives them."""
        return self._database.read(NEWER, self._asked(asked, place=after, most=most, letters=LETTERS))

    def span(self, asked: Narrowed) -> Span:
        """How many entries there are, from which to which."""
        return Span(*self._database.read(SPAN, self._asked(asked)).row(0))

    def words(self, column: str) -> list[str]:
        """The distinct words of `actor` or `kind`, in alphabetical order."""
        known = {
            "actor": "SELECT DISTINCT actor FROM ledger ORDER BY ALL",
            "kind": "SELECT DISTINCT kind FROM ledger ORDER BY ALL",
        }
        return self._database.read(known[column])[column].to_list()

    def of_kinds(self, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The whole entries of these kinds as rows, in order, read a page at a time."""
        last = 0
        while True:
            rows = self._database.read(OF_KINDS, {"kinds": list(kinds), "last": last, "most": AT_ONCE})
            yield from rows.iter_rows(named=True)
            if rows.height < AT_ONCE:
                return
            last = rows["seq"][-1]

    def first_hash(self) -> str | None:
        """The hash of the ledger's first entry, None where it has none."""
        return self._database.scalar("SELECT hash FROM ledger ORDER BY seq LIMIT 1")

    def _asked(self, asked: Narrowed, **more: object) -> dict[str, object]:
        return {"streams": list(asked.streams), "actor": asked.actor, "kind": asked.kind, **more}
