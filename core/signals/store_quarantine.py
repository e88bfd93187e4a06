"""Quarantine: what waits and why; its raw records opened, sent through the gate again, or discarded."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from core.kernel.database import Change, Database
from core.signals.errors import UnknownQuarantine
from core.signals.store_batches import NOBODY

WAITING, REDRIVEN, DISCARDED = "waiting", "redriven", "discarded"
LIST = """
SELECT quarantine_id, batch_id, kind, path, row_no, code, detail, lead_id, state, quarantined_at FROM quarantine
WHERE state = $state ORDER BY batch_id, row_no, quarantine_id
"""
CHOSEN = """
SELECT q.quarantine_id, q.batch_id, q.kind, q.path, q.row_no, q.code, q.lead_id, q.sealed, b.mapping, b.adapter
FROM quarantine q LEFT JOIN batches b USING (batch_id)
WHERE q.state = 'waiting' AND (q.batch_id IN (SELECT id FROM chosen) OR q.quarantine_id IN (SELECT id FROM chosen))
ORDER BY q.batch_id, q.row_no, q.quarantine_id
"""


@dataclass(frozen=True)
class Quarantine:
    """Reads and marks over the quarantine of a store."""

    db: Database

    def list(self, state: str = WAITING) -> pl.DataFrame:
        """quarantine_id, batch_id, kind, path, row_no, code, detail, lead_id, state, quarantined_at."""
        return self.db.read(LIST, {"state": state})

    def chosen(self, ids: Sequence[str]) -> pl.DataFrame:
        """The waiting rows of the batches or quarantine ids given, with `raw`, opened; raises UnknownQuarantine."""
        with self.db.scratch() as cursor:
            cursor.load("chosen", pl.DataFrame({"id": list(ids)}, schema={"id": pl.String}))
            found = cursor.read(CHOSEN)
        if found.is_empty():
            raise UnknownQuarantine(", ".join(ids))
        subjects = [lead or NOBODY for lead in found["lead_id"]]
        opened = self.db.unseal(subjects, found["sealed"].to_list())
        raws = [None if raw is None else raw.decode() for raw in opened]
        return found.drop("sealed").with_columns(pl.Series("raw", raws, dtype=pl.String))

    def exported(self, ids: Sequence[str], actor: str, *, raw: bool) -> pl.DataFrame:
        """The waiting rows as `list` has them, all or of these ids; with their raw texts, which is kept in the ledger.

        Raises UnknownQuarantine.
        """
        listed = self.list()
        chosen = listed.filter(pl.col("quarantine_id").is_in(list(ids)) | pl.col("batch_id").is_in(list(ids)))
        found = chosen if ids else listed
        if ids and found.is_empty():
            raise UnknownQuarantine(", ".join(ids))
        if not raw or found.is_empty():
            return found
        opened = self.chosen(found["quarantine_id"].to_list()).select("quarantine_id", "raw")
        with self.db.change("governance", "quarantine.revealed", actor) as change:
            change.body.update({"rows": found.height, "ids": found["quarantine_id"].to_list()[:100]})
        return found.join(opened, on="quarantine_id", how="left", maintain_order="left")

    def discard(self, ids: Sequence[str], reason: str, actor: str) -> int:
        """Give up the waiting rows; the sealed records stay. The number of rows; raises UnknownQuarantine."""
        found = self.chosen(ids)["quarantine_id"].to_list()
        with self.db.change("signals", "quarantine.discarded", actor) as change:
            mark(change, found, DISCARDED)
            change.body.update({"rows": len(found), "ids": found[:100], "reason": reason})
        return len(found)


def mark(change: Change, ids: Sequence[str], state: str) -> None:
    """Put the rows into another state."""
    change.load("marked", pl.DataFrame({"quarantine_id": list(ids)}, schema={"quarantine_id": pl.String}))
    change.execute(
        "UPDATE quarantine SET state = $state WHERE quarantine_id IN (SELECT quarantine_id FROM marked)",
        {"state": state},
    )
