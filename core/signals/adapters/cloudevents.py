"""CloudEvents 1.0 in JSON, structured, one a line or a batch as one array; also our own envelope on its way out.

An event is unique by (source, id); a subject is the lead, bare or as `lead/ID`; `data` are the properties. The first
word of the source's path is our source where it is one. Events that `envelope` wrote come back as they were.
"""

import base64
import binascii
import json
import re
from typing import Any

from core.signals.adapters.adapter import Adapter, Canonical, Record, RecordUnfit, Seen
from core.signals.adapters.values import first, object_of, rest, text, trace, version

REQUIRED = ("specversion", "id", "source", "type")
EXTENSIONS = {
    "anonymousid": "anonymous_id", "accountid": "account_id", "sessionid": "session_id", "region": "region",
    "receivedat": "received_at", "schemaversion": "schema_version", "traceid": "trace_id",
}  # fmt: skip
KNOWN = {"id", "type", "subject", "time", "data", "data_base64", "traceparent", *EXTENSIONS}
OURS = "/leadbench/"
WORD = re.compile(r"^/?([A-Za-z_-]+)")


def detect(seen: Seen) -> bool:
    """Whether the records say which version of CloudEvents they follow."""
    return "specversion" in seen.columns


def translate(record: Record) -> Canonical:
    """One event as a canonical one; raises RecordUnfit where a required attribute is missing."""
    for name in REQUIRED:
        if text(record.get(name)) is None:
            raise RecordUnfit("missing_key", f"`{name}` is missing, which CloudEvents require")
    source, identity = str(record["source"]), str(record["id"])
    own = source.startswith(OURS)
    word = WORD.match(source.removeprefix(OURS) if own else source)
    event = {column: first(record, name) for name, column in EXTENSIONS.items()} | {
        "event_id": identity if own else f"{source}|{identity}",
        "lead_id": (text(record.get("subject")) or "").removeprefix("lead/") or first(record, "anonymousid"),
        "source": word[1] if word else None,
        "type": first(record, "type"),
        "occurred_at": first(record, "time"),
        "properties": data(record),
        "context": object_of(record, "context") if own else rest(record, KNOWN),
        "schema_version": version(record.get("schemaversion")) or version(record.get("dataschema")),
        "trace_id": first(record, "traceid") or trace(record.get("traceparent")),
    }
    return Canonical(event)


def data(record: Record) -> dict[str, Any]:
    """The event's data as an object; data that is none is kept under `data`, bytes that are no JSON in base 64."""
    value, packed = record.get("data"), text(record.get("data_base64"))
    if packed is not None:
        try:
            value = json.loads(base64.b64decode(packed, validate=True))
        except binascii.Error as error:
            raise RecordUnfit("invalid_properties", f"`data_base64` is not base 64: {error}") from error
        except (ValueError, RecursionError):
            return {"data_base64": packed}
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return object_of(record, "data")
    return value if isinstance(value, dict) else {} if value is None else {"data": value}


def envelope(row: Record) -> dict[str, Any]:
    """A row of the event log (properties and context as JSON text, times naive UTC) as one CloudEvent."""
    extensions = {name: row[column] for name, column in EXTENSIONS.items() if row.get(column) is not None}
    event = {
        "specversion": "1.0",
        "id": row["event_id"],
        "source": OURS + row["source"],
        "type": row["type"],
        "subject": f"lead/{row['lead_id']}",
        "time": text(row["occurred_at"]),
        "datacontenttype": "application/json",
        **extensions,
        "receivedat": text(row["received_at"]),
        "context": row.get("context"),
        "data": json.loads(row.get("properties") or "{}"),
    }
    return {name: value for name, value in event.items() if value is not None}


ADAPTER = Adapter("cloudevents", detect, translate, received="receivedat")
