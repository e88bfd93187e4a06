"""Live events in the store: one batch a stream and day, and what a group of parcels adds to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from core.kernel.canonical import canonical, digest
from core.kernel.database import Change, Database
from core.kernel.times import naive
from core.signals import store_batches, store_traits
from core.signals.ingest.gate import BATCH_MAPPING
from core.signals.ingest.parcels import Refused
from core.signals.raw import LIVE, ROW
from core.signals.store_batches import Batch
from core.signals.store_events import KIND_LIMIT, Landed
from core.signals.store_traits import Said
from core.signals.trait_rows import Traits

CONTENT = "live"
OF_TODAY = """
SELECT batch_id FROM batches
WHERE kind = 'events' AND path = $path AND adapter = $adapter AND imported_at >= $day ORDER BY batch_id DESC LIMIT 1
"""
LAST_RECEIVED = """
SELECT max(received_at) FROM events SEMI JOIN (SELECT batch_id FROM batches WHERE starts_with(path, $live))
    USING (batch_id)
"""
ADD_COUNTS = """
UPDATE batches SET read = read + $read, accepted = accepted + $accepted, duplicate = duplicate + $duplicate,
    quarantined = quarantined + $quarantined WHERE batch_id = $batch_id
"""
KEEP_TIMES = """
SELECT s.row_no, any_value(e.occurred_at) AS occurred_at FROM shifted s JOIN events e USING (event_id) GROUP BY s.row_no
"""


@dataclass(frozen=True)
class Stream:
    """What shares a batch: the events of one sender, through one adapter, of one day."""

    label: str
    adapter: str

    @property
    def path(self) -> str:
        """What its batches have for a file's path."""
        return LIVE + self.label


def last_received(database: Database) -> datetime | None:
    """When the newest live event was received (UTC); None before the first."""
    found = database.scalar(LAST_RECEIVED, {"live": LIVE})
    return found and found.replace(tzinfo=UTC)


def batch_of(change: Change, stream: Stream, now: datetime) -> str:
    """The stream's batch of today, begun here where there is none."""
    day = naive(now).replace(hour=0, minute=0, second=0, microsecond=0)
    known = change.scalar(OF_TODAY, {"path": stream.path, "adapter": stream.adapter, "day": day})
    return known or _begun(change, stream, now)


def _begun(change: Change, stream: Stream, now: datetime) -> str:
    batch_id = store_batches.next_batch_id(change)
    row = {
        "batch_id": batch_id,
        "kind": "events",
        "path": stream.path,
        "adapter": stream.adapter,
        "content_hash": CONTENT,
        "mapping": canonical(BATCH_MAPPING).decode(),
        **dict.fromkeys(("read", "accepted", "duplicate", "quarantined"), 0),
        "imported_at": naive(now),
        "actor": stream.path,
    }
    change.insert("batches", pl.DataFrame([row]))
    return batch_id


def add_counts(change: Change, batch_id: str, counts: Mapping[str, int]) -> None:
    """Count a group's records into the batch."""
    change.execute(ADD_COUNTS, {**counts, "batch_id": batch_id})


def within_kinds(change: Change, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows whose kind there is room for in the log, and the others: a log has at most 5,000 kinds."""
    known = change.read("SELECT source, type FROM event_kinds")
    fresh = rows.select("source", "type").unique().join(known, on=["source", "type"], how="anti")
    room = max(KIND_LIMIT - known.height, 0)
    if fresh.height <= room:
        return rows, rows.clear()
    over = fresh.sort("source", "type").slice(room)
    return rows.join(over, on=["source", "type"], how="anti"), rows.join(over, on=["source", "type"], how="semi")


def with_stored_times(change: Change, rows: pl.DataFrame, shifted: Sequence[int]) -> pl.DataFrame:
    """Repeats of stored events whose time was corrected take the stored time, so that they are no conflicts."""
    if not shifted:
        return rows
    change.load("shifted", rows.filter(pl.col(ROW).is_in(list(shifted))).select(row_no=ROW, event_id="event_id"))
    found = change.read(KEEP_TIMES)
    stored = dict(found.iter_rows())
    times = [stored.get(row, own) for row, own in rows.select(ROW, "occurred_at").iter_rows()]
    return rows.with_columns(pl.Series("occurred_at", times, dtype=pl.Datetime("us")))


@dataclass(frozen=True)
class Brought:
    """Checked rows of a stream with what their records say of ids and of leads; `all_new`: no id is in the log yet."""

    rows: pl.DataFrame
    links: pl.DataFrame
    traits: Traits | None
    all_new: bool


def land(change: Change, stream: Stream, brought: Brought, batch_id: str, now: datetime) -> tuple[Landed, list[int]]:
    """Write the rows that the log does not hold yet; what became of them, and the row numbers of repeats."""
    rows, links = brought.rows, brought.links
    said = Said(links, brought.traits)
    landed = store_traits.land_said(change, rows, said, batch_id, live=True, all_new=brought.all_new)
    batch = Batch("events", stream.path, stream.adapter, CONTENT, BATCH_MAPPING, stream.path, now)
    store_batches.quarantine(change, batch, batch_id, landed.disputed)
    repeats = change.read("SELECT row_no FROM verdicts WHERE same")["row_no"].to_list() if landed.duplicate else []
    return landed, repeats


def hold(change: Change, stream: Stream, batch_id: str, refused: Sequence[Refused], now: datetime) -> int:
    """Seal and keep refused items; the number of those that were not in quarantine yet."""
    named = {_id(stream, one): one for one in refused}
    change.load("rejected", pl.DataFrame({"quarantine_id": list(named)}, schema={"quarantine_id": pl.String}))
    known = set(
        change.read("SELECT quarantine_id FROM quarantine SEMI JOIN rejected USING (quarantine_id)")["quarantine_id"]
    )
    fresh = {name: one for name, one in named.items() if name not in known}
    if fresh:
        change.insert("quarantine", _held(change, stream, batch_id, fresh, now))
    return len(fresh)


def _id(stream: Stream, refused: Refused) -> str:
    """From the item's bytes, so that the same bad item sent again is held once."""
    content = f"{stream.path}\x1f{refused.code}\x1f".encode() + refused.raw
    return "q_" + digest(content).removeprefix("sha256:")[:24]


def _held(change: Change, stream: Stream, batch_id: str, fresh: Mapping[str, Refused], now: datetime) -> pl.DataFrame:
    items = list(fresh.values())
    sealed = change.seal(
        [one.lead_id or store_batches.NOBODY for one in items], [one.checked or one.raw for one in items]
    )
    return pl.DataFrame(
        {
            "quarantine_id": list(fresh),
            "row_no": [one.index + 1 for one in items],
            "code": [one.code for one in items],
            "detail": [one.detail for one in items],
            "lead_id": pl.Series([one.lead_id for one in items], dtype=pl.String),
            "sealed": pl.Series(sealed, dtype=pl.Binary),
        }
    ).with_columns(
        batch_id=pl.lit(batch_id),
        kind=pl.lit("events"),
        path=pl.lit(stream.path),
        state=pl.lit("waiting"),
        quarantined_at=pl.lit(naive(now)).cast(pl.Datetime("us")),
    )
