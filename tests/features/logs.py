"""Puts an oracle's log into a real store."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.kernel.settings import Settings
from tests.features.oracle import Log, Row

EPOCH = datetime(1970, 1, 1)
MOMENT = pl.Datetime("us")
TABLES = ("leads", "accounts", "event_kinds", "events", "lead_accounts", "lead_merges", "attributes", "attribute_types")
TABLES += ("log_layout",)


def open_store(folder: Path, threads: int = 2) -> Database:
    return Database.open(folder, FixedClock(datetime(2026, 1, 1, tzinfo=UTC)), Settings(threads=threads))


def moment(us: int | None) -> datetime | None:
    return None if us is None else EPOCH + timedelta(microseconds=us)


def fill(db: Database, log: Log, leads: list[str] | None = None) -> None:
    """Write the log's tables anew, in the order of the log."""
    named = {e.lead_id for e in log.events} | {m.lead_id for m in log.memberships} | {a.lead_id for a in log.attributes}
    named |= {lead for m in log.merges for lead in (m.from_id, m.into_id)}
    lead_nos = {lead: place for place, lead in enumerate(sorted(named | set(leads or ())), 1)}
    account_nos = {a: place for place, a in enumerate(sorted({m.account_id for m in log.memberships}), 1)}
    kinds = {pair: place for place, pair in enumerate(sorted({(e.source, e.type) for e in log.events}), 1)}
    with db.change("signals", "events.imported", "ana") as change:
        for table in TABLES:
            change.execute(f"DELETE FROM {table}")
        rows = [{"lead_no": no, "lead_id": lead, "batch_id": "b"} for lead, no in lead_nos.items()]
        change.insert("leads", pl.DataFrame(rows))
        change.insert("accounts", pl.DataFrame([{"account_no": no, "account_id": a} for a, no in account_nos.items()]))
        change.insert(
            "event_kinds",
            pl.DataFrame([{"kind_no": no, "source": s, "type": t} for (s, t), no in kinds.items()]),
        )
        change.insert("events", _events(log, lead_nos, kinds))
        change.insert("lead_accounts", _memberships(log, lead_nos, account_nos))
        change.insert("attributes", _attributes(log, lead_nos))
        change.insert("lead_merges", _merges(log, lead_nos))
        types = {a.name: _attribute_type(a.value) for a in log.attributes}
        listed = [{"name": n, "type": t, "personal": False, "column_name": n} for n, t in types.items()]
        change.insert("attribute_types", pl.DataFrame(listed))


def _events(log: Log, lead_nos: dict[str, int], kind_nos: dict[tuple[str, str], int]) -> pl.DataFrame:
    rows = [
        {
            "event_no": place,
            "event_id": e.event_id,
            "lead_no": lead_nos[e.lead_id],
            "kind_no": kind_nos[(e.source, e.type)],
            "occurred_at": moment(e.occurred_at),
            "received_at": moment(e.received_at),
            "superseded_at": moment(e.superseded_at),
            "region": e.region,
            "session_id": e.session_id,
            "properties": json.dumps(e.properties) if e.properties else None,
            "schema_version": 1,
            "batch_id": "b",
        }
        for place, e in enumerate(log.events)
    ]
    kinds = {"region": pl.String, "session_id": pl.String, "properties": pl.String, "superseded_at": MOMENT}
    return pl.DataFrame(rows, schema_overrides=kinds, infer_schema_length=None)


def _memberships(log: Log, lead_nos: dict[str, int], account_nos: dict[str, int]) -> pl.DataFrame:
    rows = [
        {
            "lead_no": lead_nos[m.lead_id],
            "account_no": account_nos[m.account_id],
            "valid_from": moment(m.valid_from),
            "received_at": moment(m.received_at),
            "origin": m.origin,
            "batch_id": "b",
        }
        for m in log.memberships
    ]
    return pl.DataFrame(rows, schema_overrides={"valid_from": MOMENT, "received_at": MOMENT})


def _merges(log: Log, lead_nos: dict[str, int]) -> pl.DataFrame:
    rows = [
        {
            "from_no": lead_nos[m.from_id],
            "into_no": lead_nos[m.into_id],
            "known_from": moment(m.known_from),
            "known_until": moment(m.known_until),
            "origin": "event",
        }
        for m in log.merges
    ]
    return pl.DataFrame(rows, schema_overrides={"known_until": MOMENT})


def _attribute_type(value: object) -> str:
    return {bool: "boolean", str: "category", datetime: "time"}.get(type(value), "number")


_COLUMN = {"boolean": "flag", "category": "text", "number": "number", "time": "moment"}


def _attributes(log: Log, lead_nos: dict[str, int]) -> pl.DataFrame:
    rows = [
        {
            "lead_no": lead_nos[a.lead_id],
            "name": a.name,
            "text": None,
            "number": None,
            "flag": None,
            _COLUMN[_attribute_type(a.value)]: a.value,
            "valid_from": moment(a.valid_from),
            "received_at": moment(a.received_at),
            "batch_id": "b",
        }
        for a in log.attributes
    ]
    kinds = {"text": pl.String, "number": pl.Float64, "flag": pl.Boolean, "valid_from": MOMENT, "received_at": MOMENT}
    return pl.DataFrame(rows, schema_overrides=kinds, infer_schema_length=None)


def spine_of(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "lead_id": [row.lead_id for row in rows],
            "as_of": [moment(row.as_of) for row in rows],
            "known_at": [moment(row.known_at) for row in rows],
        },
        schema={"lead_id": pl.String, "as_of": MOMENT, "known_at": MOMENT},
    )
