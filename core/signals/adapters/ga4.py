"""Google Analytics 4's export to BigQuery, extracted as JSON lines or Parquet.

`event_params` become properties, `user_properties` attributes of the lead, known from when they were set. `user_id` is
the lead, or the browser's `user_pseudo_id` before one is known. Rows have no id: it is a hash over the visitor, the
time, the name and the row's place in its batch, so that a table that was amended can be loaded again.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from core.kernel.canonical import digest
from core.signals.adapters.adapter import Adapter, Canonical, Record, Seen
from core.signals.adapters.values import first, number, object_of, objects_of, rest, text

IDENTITY = (
    "user_pseudo_id", "event_timestamp", "event_name", "event_bundle_sequence_id", "batch_event_index",
    "batch_page_id", "batch_ordering_id",
)  # fmt: skip
KINDS = {"int_value": int, "float_value": float, "double_value": float, "string_value": str}
KNOWN = {"event_name", "event_timestamp", "event_params", "user_properties", "user_id", "user_pseudo_id"}
SOURCES = {"WEB": "web", "ANDROID": "mobile", "IOS": "mobile"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def detect(seen: Seen) -> bool:
    """Whether the export's columns are there."""
    return {"event_name", "event_timestamp"} <= seen.columns and bool({"event_params", "user_pseudo_id"} & seen.columns)


def translate(record: Record) -> Canonical:
    """One exported row as a canonical event, with the user's properties as traits."""
    properties = _flat(objects_of(record, "event_params"))
    anonymous = first(record, "user_pseudo_id")
    stamp = number(record.get("event_timestamp"))
    event = {
        "event_id": "g_" + digest([text(record.get(name)) for name in IDENTITY]).removeprefix("sha256:")[:32],
        "lead_id": first(record, "user_id") or anonymous,
        "anonymous_id": anonymous,
        "session_id": first(properties, "ga_session_id"),
        "source": SOURCES.get(str(record.get("platform")).upper()),
        "type": first(record, "event_name"),
        "occurred_at": _moment(stamp),
        "received_at": _moment(stamp, number(record.get("event_server_timestamp_offset"))),
        "region": first(object_of(record, "geo"), "region"),
        "properties": properties,
        "context": _context(record),
    }
    return Canonical(event, _flat(objects_of(record, "user_properties")))


def _flat(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Key and value pairs as one object; the value is the one of its four columns that is filled."""
    return {str(pair.get("key")): found for pair in pairs if (found := _value(object_of(pair, "value"))) is not None}


def _value(columns: dict[str, Any]) -> object:
    for name, kind in KINDS.items():
        if columns.get(name) is not None:
            try:
                return kind(columns[name])
            except ValueError:
                return columns[name]
    return None


def _moment(micros: object, offset: object = 0) -> str | None:
    """The time of microseconds since 1970, or the text as it stands where it is no number."""
    if not isinstance(micros, int) or abs(micros) > 10**17:
        return text(micros)
    later = offset if isinstance(offset, int) and 0 < offset < 10**13 else 0
    return text(EPOCH + timedelta(microseconds=micros + later))


def _context(record: Record) -> dict[str, Any]:
    found = rest(record, KNOWN)
    nested = ("device", "geo", "traffic_source", "collected_traffic_source", "app_info", "privacy_info")
    return found | {name: object_of(record, name) for name in nested if name in found}


ADAPTER = Adapter("ga4", detect, translate, "web", personal=("traits.name",))
