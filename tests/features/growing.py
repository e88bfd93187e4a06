"""A real store that grows the way a live one does: rows are appended, and nothing is written anew."""

import json
from collections.abc import Iterable

import polars as pl

from core.kernel.database import Database
from tests.features.logs import MOMENT, moment
from tests.features.oracle import AttributeValue, Event, Log, Membership
from tests.features.random_logs import ACCOUNTS, LEADS, SOURCES, TYPES

LEAD_NOS = {lead: place for place, lead in enumerate(("L0", *LEADS), 1)}
ACCOUNT_NOS = {account: place for place, account in enumerate(ACCOUNTS, 1)}
KIND_NOS = {pair: place for place, pair in enumerate(((s, t) for s in SOURCES for t in TYPES), 1)}
TABLES = ("leads", "accounts", "event_kinds", "events", "lead_accounts", "lead_merges", "attributes", "attribute_types")
TYPES_OF = {"employees": "number", "industry": "category", "partner": "boolean"}
COLUMNS = {"number": "number", "category": "text", "boolean": "flag"}


class GrowingStore:
    """The store and the oracle's log of what it holds; leads, accounts and kinds are there from the start."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.log = Log()
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
        """Append a log's rows."""
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


def _frame(rows: Iterable[dict[str, object]]) -> pl.DataFrame:
    kinds = {"text": pl.String, "number": pl.Float64, "flag": pl.Boolean, "valid_from": MOMENT, "received_at": MOMENT}
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
