"""What a request brings and what it is told: parcels of records, refused items, receipts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from core.signals.adapters.adapter import Link
from core.signals.event_rows import SOURCE_WORDS
from core.signals.raw import RAW_LIMIT

DEFAULT_SOURCE = "third_party"
COLUMNS: dict[str, Any] = {
    "event_id": pl.String,
    "lead_id": pl.String,
    "anonymous_id": pl.String,
    "account_id": pl.String,
    "session_id": pl.String,
    "source": pl.String,
    "type": pl.String,
    "region": pl.String,
    "schema_version": pl.String,
    "trace_id": pl.String,
    "properties": pl.String,
    "context": pl.String,
    "occurred_at": pl.Datetime("us"),
}
"""An event before the gate: texts, objects as JSON text, and when it happened (naive UTC; null: on arrival)."""


@dataclass(frozen=True)
class Sender:
    """Who sends: the label of the write key, which names the stream, and the id of the trace."""

    label: str
    trace_id: str | None = None

    @property
    def source(self) -> str:
        """The source of events that do not name one."""
        return SOURCE_WORDS.get(self.label.lower(), DEFAULT_SOURCE)


@dataclass(frozen=True, slots=True)
class Record:
    """An item that can be read: its place in the request, its values in the order of COLUMNS, its own bytes.

    `shifted` says that its time was given or corrected here, so that a repeat may carry another one; `traits` are
    attributes of its lead, `links` what it says about ids.
    """

    index: int
    values: tuple[Any, ...]
    raw: bytes
    shifted: bool
    traits: Mapping[str, Any]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that cannot be stored, and why; `raw` are its bytes, at most 64 KiB.

    `checked` is what the gate made of it, where that is kept in place of its bytes.
    """

    index: int
    code: str
    detail: str
    raw: bytes
    lead_id: str | None = None
    checked: bytes | None = None


@dataclass(frozen=True)
class Parcel:
    """One request: its items, parted into those that can be read and those that are refused already."""

    sender: Sender
    adapter: str
    records: Sequence[Record]
    refused: Sequence[Refused]
    size: int

    @property
    def stream(self) -> tuple[str, str]:
        """Label and adapter: the parcels of a stream share a batch."""
        return self.sender.label, self.adapter

    @property
    def rows(self) -> int:
        """How many items it has."""
        return len(self.records) + len(self.refused)

    def halves(self) -> "Sequence[Parcel]":
        """Its records in two parts; what is refused already goes with the first."""
        middle = len(self.records) // 2
        return [
            replace(self, records=self.records[:middle]),
            replace(self, records=self.records[middle:], refused=()),
        ]

    def held(self, code: str, detail: str) -> "Parcel":
        """The same with none of its records left: each is refused for that reason."""
        refused = [Refused(one.index, code, detail, cut(one.raw)) for one in self.records]
        return replace(self, records=(), refused=(*self.refused, *refused))


@dataclass(frozen=True)
class ItemError:
    """Why one item of a request was not stored."""

    index: int
    code: str
    detail: str

    def to_json(self) -> dict[str, Any]:
        """The error as the answer lists it."""
        return {"index": self.index, "code": self.code, "detail": self.detail}


@dataclass(frozen=True)
class Receipt:
    """What became of a request's items, after the commit: accepted + duplicate + errors = items."""

    accepted: int
    duplicate: int
    errors: tuple[ItemError, ...]
    received_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """The receipt as the answer's body."""
        errors = [error.to_json() for error in self.errors]
        return {"accepted": self.accepted, "duplicate": self.duplicate, "errors": errors}


def together(receipts: Sequence[Receipt]) -> Receipt:
    """The receipt of a request that was stored in parts."""
    return Receipt(
        sum(one.accepted for one in receipts),
        sum(one.duplicate for one in receipts),
        tuple(sorted((error for one in receipts for error in one.errors), key=lambda error: error.index)),
        receipts[-1].received_at,
    )


def cut(raw: bytes) -> bytes:
    """What the quarantine keeps of an item's bytes."""
    return raw[:RAW_LIMIT]
