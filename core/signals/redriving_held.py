"""Rows that waited because their source was held back, let in again as they were checked then."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.times import naive
from core.signals import store_batches, store_quarantine, store_traits
from core.signals.adapters.records import LINKS
from core.signals.event_rows import dated
from core.signals.raw import LIVE, ROW
from core.signals.store_batches import Batch
from core.signals.store_filters import ROBOT
from core.signals.store_gates import CANONICAL, HELD
from core.signals.store_traits import LINKED, SEALED, TOLD, Said
from core.signals.trait_rows import traits_of

TIMES = ("occurred_at", "received_at")
IDS = ("event_id", "lead_id", "anonymous_id", "account_id", "session_id", "trace_id", "corrects", "retracts")
TEXTS = (*IDS, "type", "source", "region", "properties", "context")


def are_held(rows: pl.DataFrame) -> pl.Series:
    """Which of the quarantined rows hold a checked event of a source that was held back."""
    held = pl.col("code").is_in(HELD) & pl.col("raw").str.starts_with(f'{{"{CANONICAL}"').fill_null(False)
    return rows.select(held).to_series()


def redrive_held(db: Database, rows: pl.DataFrame, actor: str) -> tuple[int, int, int]:
    """How many of the rows were stored, were there already, and wait on; the gates judge them again."""
    with db.change("signals", "events.redriven", actor) as change:
        batch_id = store_batches.next_batch_id(change)
        checked, said = let_in(rows, db.clock.now())
        landed = store_traits.land_said(change, checked, said, batch_id)
        waiting = set(landed.conflicts["row_no"])
        passed = [each for row, each in enumerate(rows["quarantine_id"], 1) if row not in waiting]
        store_quarantine.mark(change, passed, store_quarantine.REDRIVEN)
        counts = {
            "read": rows.height,
            "accepted": landed.accepted,
            "duplicate": landed.duplicate,
            "quarantined": len(waiting),
        }
        _write(change, db, rows, batch_id, counts, actor)
        if not passed:
            change.abandon()
    return landed.accepted, landed.duplicate, len(waiting)


def _write(change: Change, db: Database, rows: pl.DataFrame, batch_id: str, counts: dict[str, int], actor: str) -> None:
    path, adapter, mapping = rows["path"][0], rows["adapter"][0], json.loads(rows["mapping"][0] or "{}")
    batch = Batch("events", path, adapter or "generic", "redriven", mapping, actor, db.clock.now())
    store_batches.write_batch(change, batch, batch_id, counts)


def let_in(rows: pl.DataFrame, now: datetime) -> tuple[pl.DataFrame, Said]:
    """The checked events of the quarantined rows, and what they say of ids and leads.

    What came over HTTP is known from now on: decisions made meanwhile have not seen it.
    """
    checked, raws = events(rows["raw"].to_list()), [json.loads(raw) for raw in rows["raw"]]
    if rows["path"][0].startswith(LIVE):
        checked = checked.with_columns(received_at=pl.lit(naive(now), dtype=pl.Datetime("us")))
    links = [(row, *link) for row, one in enumerate(raws, 1) for link in one.get(LINKED, ())]
    traits = [(row, one[TOLD]) for row, one in enumerate(raws, 1) if TOLD in one]
    sealed = sorted({f"traits.{name}" for one in raws for name in one.get(SEALED, ())})
    said = Said(dated(pl.DataFrame(links, schema=LINKS, orient="row"), checked), traits_of(traits, checked, sealed))
    return checked, said


def events(raws: Sequence[str]) -> pl.DataFrame:
    """The checked rows that the raw texts hold, numbered from 1."""
    records: list[dict[str, Any]] = [json.loads(raw)[CANONICAL] for raw in raws]
    texts = [pl.Series(name, [one.get(name) for one in records], dtype=pl.String) for name in TEXTS]
    times = [
        pl.Series(name, [one[name] for one in records], dtype=pl.String).str.to_datetime(time_unit="us")
        for name in TIMES
    ]
    numbers = pl.Series(ROW, range(1, len(records) + 1), dtype=pl.Int64)
    versions = pl.Series("schema_version", [one["schema_version"] for one in records], dtype=pl.Int16)
    robots = pl.Series(ROBOT, [one[ROBOT] for one in records], dtype=pl.Boolean)
    return pl.DataFrame([numbers, *texts, *times, versions, robots])
