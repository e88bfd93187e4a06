"""The way of a file into the store: prepare in a worker, then one transaction with one ledger entry."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.workers import PARSING, Progress, run_in_worker
from core.signals import store_batches, store_erased, store_layout, store_leads, store_traits
from core.signals.checks import Finding, plural
from core.signals.errors import NothingAccepted
from core.signals.event_rows import Prepared, prepare_events
from core.signals.imports import Import
from core.signals.lead_rows import PreparedLeads, prepare_leads
from core.signals.mapping import Mapping
from core.signals.raw import ReadOptions
from core.signals.store_batches import Batch
from core.signals.store_erased import ERASED

DISPUTED = "See them in quarantine; separate the ids that do not belong together, or discard the claim."


@dataclass(frozen=True)
class Request:
    """One import asked for: the file, its mapping, who asks; a dry run counts and writes nothing."""

    path: Path
    mapping: Mapping
    actor: str
    format: str | None = None
    dry_run: bool = False
    progress: Progress | None = None
    cancel: Event | None = None


def prepare(db: Database, request: Request, kind: str, function: Callable[..., Any], *more: object) -> Any:
    """What the worker function makes of the file, under the limits for parsing."""
    options = ReadOptions(kind, request.format, request.mapping.delimiter, db.settings.max_field_bytes)
    return run_in_worker(
        function,
        str(request.path),
        request.mapping,
        options,
        db.clock.now(),
        *more,
        limits=PARSING,
        progress=request.progress,
        cancel=request.cancel,
    )


def batch_of(db: Database, request: Request, kind: str, prepared: Any) -> Batch:
    """The batch that the import writes, without its counts."""
    return Batch(
        kind,
        str(request.path),
        prepared.adapter,
        prepared.content_hash,
        {**request.mapping.to_json(), "format": prepared.format},
        request.actor,
        db.clock.now(),
    )


def import_events(db: Database, request: Request) -> Import:
    """Load a file of events; nothing is written where the store holds all of it already.

    A log whose tail has grown large is put in order afterwards. Raises the readers' and the mapping's refusals, and
    NothingAccepted where no record passes.
    """
    prepared: Prepared = prepare(db, request, "events", prepare_events)
    refuse_if_nothing(request.path, prepared.read, prepared.rows, prepared.rejects)
    with db.change("signals", "events.imported", request.actor) as change:
        result = _land_events(change, batch_of(db, request, "events", prepared), prepared)
        settle(change, request, result)
    if not change.abandoned:
        store_layout.compact_if_due(db, request.actor)
    return replace(result, batch_id=None) if change.abandoned else result


def _land_events(change: Change, batch: Batch, prepared: Prepared) -> Import:
    batch_id = store_batches.next_batch_id(change)
    landed = store_traits.land_with_events(change, prepared, batch_id)
    store_batches.quarantine(change, batch, batch_id, landed.disputed)
    rejects = pl.concat([store_erased.unkept(change, prepared.rejects), landed.conflicts])
    held, known = store_batches.quarantine(change, batch, batch_id, rejects)
    result = Import(
        batch.path,
        "events",
        prepared.read,
        landed.accepted,
        landed.duplicate + known,
        held,
        new_leads=landed.new_leads,
        merged=landed.merged,
        batch_id=batch_id,
        adapter=batch.adapter,
        reasons=store_batches.reasons(rejects),
        findings=prepared.findings,
        warnings=(
            *_strangers(landed.strangers),
            *disputes(landed.disputed),
            *_flagged(landed.flagged),
            *erased(rejects),
        ),
    )
    store_batches.write_batch(change, batch, batch_id, counts(result))
    return result


def _strangers(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    message = (
        f"{plural(count, 'event')} belong to leads that no leads file names; these leads start with their first event"
    )
    return (Finding("unmatched_records", "lead_id", message, "Check that both files use the same lead ids."),)


def _flagged(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    message = f"{plural(count, 'event')} of robots or bursts are kept, and left out of every feature"
    return (Finding("flagged_events", "context", message, "See the source's contract: `bots`, `burst_per_minute`."),)


def erased(rejects: pl.DataFrame) -> tuple[Finding, ...]:
    """What is said of records of persons who were erased."""
    count = int((rejects["code"] == ERASED).sum())
    if not count:
        return ()
    message = f"{plural(count, 'record')} of people who were erased, dated up to then or not at all, are not taken in"
    return (Finding(ERASED, "lead_id", message, "Where one came again, load what is dated after the erasure."),)


def disputes(refused: pl.DataFrame) -> tuple[Finding, ...]:
    """What is said of statements of identity that were refused; they wait in quarantine, their events are stored."""
    return tuple(
        Finding(code, None, f"{plural(count, 'statement')} about who is who held back", DISPUTED)
        for code, count in store_batches.reasons(refused).items()
    )


def import_leads(db: Database, request: Request) -> Import:
    """Load a file of leads with their attributes; nothing is written where the store holds all of it already.

    Raises the readers' and the mapping's refusals, and NothingAccepted where no record passes.
    """
    prepared: PreparedLeads = prepare(db, request, "leads", prepare_leads)
    refuse_if_nothing(request.path, prepared.read, prepared.rows, prepared.rejects)
    with db.change("signals", "leads.imported", request.actor) as change:
        result = _land_leads(change, batch_of(db, request, "leads", prepared), prepared)
        settle(change, request, result)
    return replace(result, batch_id=None) if change.abandoned else result


def _land_leads(change: Change, batch: Batch, prepared: PreparedLeads) -> Import:
    batch_id = store_batches.next_batch_id(change)
    landed = store_leads.land(change, prepared, batch_id, batch.imported_at)
    store_batches.quarantine(change, batch, batch_id, landed.disputed)
    rejects = pl.concat([store_erased.unkept(change, prepared.rejects), landed.erased])
    held, known = store_batches.quarantine(change, batch, batch_id, rejects)
    result = Import(
        batch.path,
        "leads",
        prepared.read,
        landed.accepted,
        landed.duplicate + prepared.duplicate + known,
        held,
        new_leads=landed.new_leads,
        merged=landed.merged,
        batch_id=batch_id,
        adapter=batch.adapter,
        reasons=store_batches.reasons(rejects),
        findings=prepared.findings,
        warnings=(*disputes(landed.disputed), *erased(rejects)),
    )
    store_batches.write_batch(change, batch, batch_id, counts(result))
    return result


def counts(result: Import) -> dict[str, int]:
    """The numbers of an import that its batch and its ledger entry keep."""
    names = ("read", "accepted", "duplicate", "quarantined", "unmatched", "open", "new_leads", "merged")
    return {name: getattr(result, name) for name in names}


def settle(change: Change, request: Request, result: Import) -> None:
    """Abandon the change where it is a dry run, or where nothing new came."""
    if request.dry_run or not (result.accepted or result.quarantined or result.merged):
        change.abandon()


def refuse_if_nothing(path: object, read: int, rows: pl.DataFrame, rejects: pl.DataFrame) -> None:
    """Refuse a file of which no record passed the gate."""
    if rows.is_empty() and not rejects.is_empty():
        found = store_batches.reasons(rejects)
        told = ", ".join(f"{count} {code}" for code, count in found.items())
        first = rejects.row(0, named=True)
        raise NothingAccepted(path, read, told, first["row_no"], first["detail"])
