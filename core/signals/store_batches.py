"""Batches and quarantine rows of an import, written inside the import's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from core.kernel.canonical import canonical, digest
from core.kernel.database import Change
from core.kernel.times import naive

NOBODY = "(unknown)"


@dataclass(frozen=True)
class Batch:
    """One loaded file: what its batch row and its ledger entry say beside the counts."""

    kind: str
    path: str
    adapter: str
    content_hash: str
    mapping: Mapping[str, Any]
    actor: str
    imported_at: Any


def next_batch_id(change: Change) -> str:
    """The id of the batch that this change writes: `b000001` and so on."""
    return f"b{change.scalar('SELECT count(*) FROM batches') + 1:06d}"


def write_batch(change: Change, batch: Batch, batch_id: str, counts: Mapping[str, int]) -> None:
    """The batch row, and the same in the ledger entry's body."""
    row = {
        "batch_id": batch_id,
        "kind": batch.kind,
        "path": batch.path,
        "adapter": batch.adapter,
        "content_hash": batch.content_hash,
        "mapping": canonical(batch.mapping).decode(),
        "imported_at": naive(batch.imported_at),
        "actor": batch.actor,
        **{name: counts[name] for name in ("read", "accepted", "duplicate", "quarantined")},
    }
    change.insert("batches", pl.DataFrame([row]))
    change.body.update({name: value for name, value in row.items() if name not in ("mapping", "imported_at", "actor")})
    change.body.update(counts)
    change.body["mapping_hash"] = digest(batch.mapping)


def quarantine(change: Change, batch: Batch, batch_id: str, rejects: pl.DataFrame) -> tuple[int, int]:
    """Seal and store rejected records; (new ones, ones that were in quarantine before)."""
    if rejects.is_empty():
        return 0, 0
    named = rejects.with_columns(quarantine_id=_ids(batch.kind, rejects))
    change.load("rejected", named.select("quarantine_id"))
    known = change.read("SELECT quarantine_id FROM quarantine SEMI JOIN rejected USING (quarantine_id)")[
        "quarantine_id"
    ]
    fresh = named.filter(~pl.col("quarantine_id").is_in(known.implode()))
    change.insert("quarantine", _rows(change, batch, batch_id, fresh))
    return fresh.height, named.height - fresh.height


def _ids(kind: str, rejects: pl.DataFrame) -> pl.Series:
    """Ids from content, so that the same bad record of the same file is held once; equal ones are numbered."""
    seen: dict[str, int] = {}
    ids = []
    for code, raw in rejects.select("code", "raw").iter_rows():
        base = digest([kind, code, raw])
        seen[base] = seen.get(base, 0) + 1
        ids.append("q_" + digest([base, seen[base]]).removeprefix("sha256:")[:24])
    return pl.Series("quarantine_id", ids, dtype=pl.String)


def _rows(change: Change, batch: Batch, batch_id: str, fresh: pl.DataFrame) -> pl.DataFrame:
    subjects = [lead or NOBODY for lead in fresh["lead_id"]]
    sealed = change.seal(subjects, [(raw or "").encode() for raw in fresh["raw"]])
    return fresh.select("quarantine_id", "row_no", "code", "detail", "lead_id").with_columns(
        pl.Series("sealed", sealed, dtype=pl.Binary),
        batch_id=pl.lit(batch_id),
        kind=pl.lit(batch.kind),
        path=pl.lit(batch.path),
        state=pl.lit("waiting"),
        quarantined_at=pl.lit(naive(batch.imported_at)).cast(pl.Datetime("us")),
    )


def reasons(rejects: pl.DataFrame) -> dict[str, int]:
    """Number of rejected records by code, in order of code."""
    counted = rejects.group_by("code").len().sort("code")
    return dict(counted.iter_rows())
