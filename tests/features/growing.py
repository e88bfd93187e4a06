"""A real store that grows the way a live one does: rows come late, events are corrected, leads merged and separated."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from core.kernel.database import Database
from tests.features.logs import MOMENT, moment
from tests.features.oracle import AttributeValue, Event, Log, Membership, Row
from tests.features.random_logs import ACCOUNTS, LEADS, SOURCES, TYPES

LEAD_NOS = {lead: place for place, lead in enumerate(("L0", *LEADS), 1)}
ACCOUNT_NOS = {account: place for place, account in enumerate(ACCOUNTS, 1)}
KIND_NOS = {pair: place for place, pair in enumerate(((s, t) for s in SOURCES for t in TYPES), 1)}
TABLES = (
    "leads", "accounts", "event_kinds", "events", "lead_accounts", "lead_merges", "attributes", "attribute_types",
    "log_layout",
)  # fmt: skip
TYPES_OF = {"employees": "number", "industry": "category", "partner": "boolean"}
NOW = 2**63
COLUMNS = {"number": "number", "category": "text", "boolean": "flag"}


@dataclass(frozen=True)
class Merge:
    """From known_from until known_until (None: now and on) one lead counts for another, which stands for itself."""

    lead_id: str
    into_id: str
    known_from: int
    known_until: int | None = None

    def holds(self, known: int | None) -> bool:
        return known is not None and self.known_from <= known < (self.known_until or NOW)


class GrowingStore:
    """The store and the oracle's log of what it holds; leads, accounts and kinds are there from the start."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.log = Log()
        self.superseded: dict[str, int] = {}
        self.merges: tuple[Merge, ...] = ()
        with db.change("signals", "events.imported", "ana") as change:
            for table in TABLES:
                change.execute(f"DELETE FROM {table}")
            change.insert("leads", _frame({"lead_no": no, "lead_id": lead} for lead, no in LEAD_NOS.items()))
            accounts = ({"account_no": no, "account_id": account} for account, no in ACCOUNT_NOS.items())
            change.insert("accounts", pl.DataFrame(list(accounts)))
            kinds = ({"kind_no": no, "source": source, "type": kind} for (source, kind), no in KIND_NOS.items())
            change.insert("event_kinds", pl.DataFrame(list(kinds)))
            types = ({"name": n, "type": t, "personal": False, "column_name": n} for n, t in TYPES_OF.items())
            change.insert("attribute_types", pl.DataFrame(list(types)))

    def add(self, log: Log) -> None:
        """Append a log's rows; its corrections and merges are left out, as they come by themselves here."""
        log = replace(log, events=tuple(replace(event, superseded_at=None) for event in log.events), merges=())
        first = len(self.log.events) + 1
        with self.db.change("signals", "events.imported", "ana") as change:
            change.insert("events", _frame(_event(no, event) for no, event in enumerate(log.events, first)))
            change.insert("lead_accounts", _frame(map(_membership, log.memberships)))
            change.insert("attributes", _frame(map(_attribute, log.attributes)))
        self.log = Log(
            self.log.events + log.events,
            self.log.memberships + log.memberships,
            self.log.attributes + log.attributes,
        )

    def supersede(self, event: Event, at: int | None) -> None:
        """Correct an event: it is not seen any more by who knows what is known at that time; None takes that back."""
        self.superseded[event.event_id] = 2**63 if at is None else at
        with self.db.change("signals", "events.corrected", "ana") as change:
            change.execute("UPDATE events SET superseded_at = ? WHERE event_id = ?", [moment(at), event.event_id])

    def merge(self, lead_id: str, into_id: str, at: int) -> None:
        """From that time on both are one; whoever counted for the first counts for the second."""
        gone, root = self.root(lead_id, NOW - 1), self.root(into_id, NOW - 1)
        if gone == root:
            return
        moved = [one for one in self.merges if one.into_id == gone and one.known_until is None]
        kept = [one for one in self.merges if one not in moved]
        fresh = [Merge(one, root, at) for one in (gone, *(one.lead_id for one in moved))]
        self._write_merges((*kept, *(replace(one, known_until=at) for one in moved), *fresh))

    def unmerge(self, lead_id: str, at: int) -> None:
        """From that time on the lead stands for itself again."""
        ended = [one for one in self.merges if one.lead_id == lead_id and one.known_until is None]
        kept = [one for one in self.merges if one not in ended]
        self._write_merges((*kept, *(replace(one, known_until=at) for one in ended)))

    def root(self, lead_id: str, known: int | None) -> str:
        """The lead that the lead counts for, as known then."""
        return next((m.into_id for m in self.merges if m.lead_id == lead_id and m.holds(known)), lead_id)

    def seen(self, row: Row) -> tuple[Log, Row]:
        """What the oracle is asked: the log without what was corrected, each lead under the one it counts for."""

        def renamed(rows):
            return tuple(replace(one, lead_id=self.root(one.lead_id, row.known)) for one in rows)

        current = [
            e for e in self.log.events if row.known is None or row.known < self.superseded.get(e.event_id, 2**63)
        ]
        log = Log(renamed(current), renamed(self.log.memberships), renamed(self.log.attributes))
        return log, replace(row, lead_id=self.root(row.lead_id, row.known))

    def _write_merges(self, merges: tuple[Merge, ...]) -> None:
        self.merges = merges
        with self.db.change("signals", "identity.merged", "ana") as change:
            change.execute("DELETE FROM lead_merges")
            change.insert("lead_merges", _frame(map(_merge, merges)))


def _frame(rows: Iterable[dict[str, object]]) -> pl.DataFrame:
    kinds = {"text": pl.String, "number": pl.Float64, "flag": pl.Boolean, "valid_from": MOMENT, "received_at": MOMENT}
    kinds["known_until"] = MOMENT
    kinds |= dict.fromkeys(("region", "session_id", "properties"), pl.String)
    listed = [row | {"batch_id": "b"} for row in rows]
    known = {name: kind for name, kind in kinds.items() if listed and name in listed[0]}
    return pl.DataFrame(listed, schema_overrides=known, infer_schema_length=None)


def _event(number: int, event: Event) -> dict[str, object]:
    return {
        "event_no": number,
        "event_id": event.event_id,
        "lead_no": LEAD_NOS[event.lead_id],
        "kind_no": KIND_NOS[(event.source, event.type)],
        "occurred_at": moment(event.occurred_at),
        "received_at": moment(event.received_at),
        "region": event.region,
        "session_id": event.session_id,
        "properties": json.dumps(event.properties) if event.properties else None,
        "schema_version": 1,
    }


def _membership(member: Membership) -> dict[str, object]:
    return {
        "lead_no": LEAD_NOS[member.lead_id],
        "account_no": ACCOUNT_NOS[member.account_id],
        "valid_from": moment(member.valid_from),
        "received_at": moment(member.received_at),
        "origin": member.origin,
    }


def _attribute(attribute: AttributeValue) -> dict[str, object]:
    empty = {"text": None, "number": None, "flag": None}
    return empty | {
        "lead_no": LEAD_NOS[attribute.lead_id],
        "name": attribute.name,
        COLUMNS[TYPES_OF[attribute.name]]: attribute.value,
        "valid_from": moment(attribute.valid_from),
        "received_at": moment(attribute.received_at),
    }


def _merge(merge: Merge) -> dict[str, object]:
    return {
        "from_no": LEAD_NOS[merge.lead_id],
        "into_no": LEAD_NOS[merge.into_id],
        "known_from": moment(merge.known_from),
        "known_until": moment(merge.known_until),
        "origin": "person",
    }
