"""Sales reps into the store: the import of a file of them, and who stands in which pool now."""

from dataclasses import replace

from core.kernel.database import Change, Database
from core.signals import store_batches, store_reps
from core.signals.importing import Request, batch_of, counts, prepare, refuse_if_nothing, settle
from core.signals.imports import Import
from core.signals.rep_rows import PreparedReps, prepare_reps
from core.signals.store_batches import Batch


def import_reps(db: Database, request: Request) -> Import:
    """Load a file of reps; a changed capacity is a new row, and nothing is written where all is known already.

    Raises the readers' and the mapping's refusals, and NothingAccepted where no record passes.
    """
    prepared: PreparedReps = prepare(db, request, "reps", prepare_reps)
    refuse_if_nothing(request.path, prepared.read, prepared.rows, prepared.rejects)
    with db.change("signals", "reps.imported", request.actor) as change:
        result = _land(change, batch_of(db, request, "reps", prepared), prepared)
        settle(change, request, result)
    return replace(result, batch_id=None) if change.abandoned else result


def _land(change: Change, batch: Batch, prepared: PreparedReps) -> Import:
    batch_id = store_batches.next_batch_id(change)
    accepted, duplicate = store_reps.land(change, prepared.rows, batch_id, batch.imported_at)
    held, known = store_batches.quarantine(change, batch, batch_id, prepared.rejects)
    result = Import(
        batch.path,
        "reps",
        prepared.read,
        accepted,
        duplicate + prepared.duplicate + known,
        held,
        batch_id=batch_id,
        adapter=batch.adapter,
        reasons=store_batches.reasons(prepared.rejects),
    )
    store_batches.write_batch(change, batch, batch_id, counts(result))
    return result
