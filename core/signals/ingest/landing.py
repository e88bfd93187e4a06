"""A group of parcels into the store: one transaction, one ledger entry, a receipt for each."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256

import polars as pl

from core.kernel.database import Change, Database
from core.kernel.times import naive
from core.signals.ingest import plain, store, store_picture
from core.signals.ingest.gate import Gated, gate
from core.signals.ingest.parcels import ItemError, Parcel, Receipt, Refused
from core.signals.ingest.picture import Picture
from core.signals.ingest.seen import SeenIds
from core.signals.ingest.store import Brought, Stream
from core.signals.raw import ROW
from core.signals.revision import moved, revision
from core.signals.store_erased import ERASED, besides, erased_at, ids_alone, named
from core.signals.store_gates import HELD

ACTOR = "live"
KEPT_AS_CHECKED = (*HELD, ERASED)
"""Refused items of which what the gate made of them is kept, and not their bytes."""
FULL = "the log has no room for another type of event"
ARRIVED = ("lead_id", "event_id", "trace_id")


@dataclass(frozen=True)
class Arrived:
    """The new events of a commit: lead_id, event_id, trace_id, in the order of the requests, and when we knew them.

    `step`: the signals' revisions before and after, where nothing but events of leads that were known was written.
    """

    events: pl.DataFrame
    received_at: datetime
    step: tuple[str, str] | None = None


class Memory:
    """What the committer remembers between its commits; right after each, whoever else wrote meanwhile."""

    def __init__(self) -> None:
        self.seen, self.picture = SeenIds(), Picture()


def commit(
    db: Database, parcels: Sequence[Parcel], stamp: Callable[[], datetime], memory: Memory, *, plainly: bool = True
) -> tuple[list[Receipt], Arrived | None]:
    """Store the parcels' items durably, then tell what became of each; raises NoSpace with nothing stored.

    `stamp` gives the moment of receipt; it is asked inside the transaction, so that it rises from commit to commit.
    Where not `plainly` all go the way of a file, whatever the short ways make of them.
    """
    gated = gate(parcels, db.clock.now(), shortly=plainly)
    try:
        with db.change("signals", "events.received", ACTOR) as change:
            before, governance = revision(db), db.revision("governance")
            memory.seen.follow(change, db.revision("signals"))
            store_picture.follow(memory.picture, change, before)
            landing = _Landing(change, parcels, gated, stamp(), memory, plainly)
            for label, adapter in dict.fromkeys(parcel.stream for parcel in parcels):
                landing.land(Stream(label, adapter))
            landing.finish()
    except BaseException:
        memory.picture.forget()
        raise
    after = moved(change.entry.hash, governance) if change.entry else None
    arrived = landing.arrived(before, after)
    if change.entry and after:
        memory.seen.note(arrived.events["event_id"] if arrived else pl.Series(dtype=pl.String), change.entry.hash)
        memory.picture.note(after)
    return landing.receipts(), arrived


class _Landing:
    """What becomes of each parcel of a group, stream by stream."""

    def __init__(
        self,
        change: Change,
        parcels: Sequence[Parcel],
        gated: Gated,
        received_at: datetime,
        memory: Memory,
        plainly: bool,
    ) -> None:
        self.change, self.parcels, self.gated, self.received_at = change, parcels, gated, received_at
        self.plainly = plainly
        self.all_new = gated.rows.is_empty() or memory.seen.all_new(gated.rows["event_id"])
        self.picture = memory.picture
        self.refused: dict[int, list[Refused]] = defaultdict(list)
        self.repeats: Counter[int] = Counter()
        self.stored: list[pl.DataFrame] = []
        self.counted: list[dict[str, object]] = []
        self.held = 0
        self.only_events = True
        for number, refusal in gated.refused:
            self.refused[number].append(self._unkept(refusal))

    def land(self, stream: Stream) -> None:
        """Write what the stream's parcels bring, and count it."""
        numbers = [number for number, one in enumerate(self.parcels) if one.stream == (stream.label, stream.adapter)]
        rows = self.gated.rows_of(numbers) if not self.gated.rows.is_empty() else self.gated.rows
        rows = rows.with_columns(received_at=pl.lit(naive(self.received_at), dtype=pl.Datetime("us")))
        accepted = duplicate = 0
        batch_id = self._plainly(stream, rows)
        if batch_id is not None:
            accepted = rows.height
        else:
            self.picture.doubt()
            self.only_events = False
            batch_id = store.batch_of(self.change, stream, self.received_at)
            if not rows.is_empty():
                accepted, duplicate = self._events(stream, rows, batch_id)
        refused = [one for number in numbers for one in self.refused[number]]
        held = store.hold(self.change, stream, batch_id, refused, self.received_at) if refused else 0
        self.held += held
        counts = {
            "read": sum(self.parcels[number].rows for number in numbers),
            "accepted": accepted,
            "duplicate": duplicate + len(refused) - held,
            "quarantined": held,
        }
        store.add_counts(self.change, batch_id, counts)
        self.counted.append({"batch_id": batch_id, "path": stream.path, "adapter": stream.adapter, **counts})

    def _plainly(self, stream: Stream, rows: pl.DataFrame) -> str | None:
        """Write the stream's rows where all are plain events; their batch, None where they go the way of a file."""
        if (
            not self.plainly
            or not self.all_new
            or rows.is_empty()
            or self.picture.revision is None
            or self.gated.says_more(rows)
        ):
            return None
        batch_id = self.picture.batch_of(stream.path, stream.adapter, self.received_at.date())
        landed = batch_id and plain.land(self.change, self.picture, rows, batch_id, self.received_at)
        if not landed:
            return None
        self.only_events = self.only_events and not landed.new_leads
        self.stored.append(rows.select(ROW, *ARRIVED))
        return batch_id

    def _events(self, stream: Stream, rows: pl.DataFrame, batch_id: str) -> tuple[int, int]:
        shifted = [] if self.all_new else [row for row in rows[ROW] if self.gated.places[row - 1][1].shifted]
        rows, over = store.within_kinds(self.change, store.with_stored_times(self.change, rows, shifted))
        for row, lead in over.select(ROW, "lead_id").iter_rows():
            number, refusal = self.gated.refusal(row, "too_many_types", FULL, lead)
            self.refused[number].append(self._unkept(refusal))
        brought = Brought(rows, self.gated.links_of(rows), self.gated.traits_of(rows), self.all_new)
        landed, repeats = store.land(self.change, stream, brought, batch_id, self.received_at)
        told = landed.conflicts.select("row_no", "code", "detail", "lead_id", "raw")
        for row, code, detail, lead, raw in told.iter_rows():
            self._refuse(row, code, detail, lead, raw.encode() if code in KEPT_AS_CHECKED else None)
        self.repeats.update(self.gated.places[row - 1][0] for row in repeats)
        gone = {*repeats, *landed.conflicts["row_no"]}
        kept = rows.filter(~pl.col(ROW).is_in(list(gone))) if gone else rows
        self.picture.judged(kept["source"].unique())
        self.stored.append(kept.select(ROW, *ARRIVED))
        return landed.accepted, landed.duplicate

    def _refuse(self, row: int, code: str, detail: str, lead_id: str | None, checked: bytes | None = None) -> None:
        number, refusal = self.gated.refusal(row, code, detail, lead_id)
        self.refused[number].append(replace(refusal, checked=checked))

    @cached_property
    def _erased(self) -> dict[str, datetime]:
        return erased_at(self.change)

    def _unkept(self, refused: Refused) -> Refused:
        """The refused item; nothing dates one of an erased person, so that only the id is kept of it."""
        found = named(self._erased, refused.lead_id, refused.raw.decode(errors="replace")) if self._erased else None
        if found is None:
            return refused
        detail = besides(refused.code, self._erased[found])
        return replace(refused, code=ERASED, detail=detail, lead_id=found, checked=ids_alone(found).encode())

    def finish(self) -> None:
        """The body of the ledger entry; a group that brings nothing new writes nothing."""
        if not self.held and not any(one["accepted"] for one in self.counted):
            self.change.abandon()
        whole = sha256()
        for parcel in self.parcels:
            for record in parcel.records:
                whole.update(record.raw)
        self.change.body.update(batches=self.counted, content_hash=f"sha256:{whole.hexdigest()}")

    def arrived(self, before: str, after: str | None) -> Arrived | None:
        """The new events, None where there are none; the commit led from one revision of the signals to the other."""
        if not self.stored:
            return None
        events = pl.concat(self.stored).sort(ROW).drop(ROW)
        step = (before, after) if after and self.only_events and not self.held else None
        return None if events.is_empty() else Arrived(events, self.received_at, step)

    def receipts(self) -> list[Receipt]:
        """One a parcel, in their order."""
        return [self._receipt(number, parcel) for number, parcel in enumerate(self.parcels)]

    def _receipt(self, number: int, parcel: Parcel) -> Receipt:
        refused = sorted(self.refused[number], key=lambda one: one.index)
        errors = tuple(ItemError(one.index, one.code, one.detail) for one in refused)
        repeats = self.repeats[number]
        return Receipt(parcel.rows - repeats - len(errors), repeats, errors, self.received_at)
