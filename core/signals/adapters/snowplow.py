"""Snowplow's enriched events, as columns with their names.

`derived_tstamp` is when it happened, `collector_tstamp` when we knew. A self-describing event is named by its schema,
whose members are the properties and whose model number is the schema version; a structured one by its action.
`user_id` is the lead, or the browser's `domain_userid` before one is known.
"""

from typing import Any

from core.signals.adapters.adapter import Adapter, Canonical, Record, Seen
from core.signals.adapters.values import first, number, object_of, objects_of, rest, text, version

TIMES = ("derived_tstamp", "dvce_created_tstamp", "collector_tstamp")
SOURCES = {
    "web": "web", "mob": "mobile", "app": "product", "srv": "product", "pc": "product", "tv": "third_party",
    "cnsl": "third_party", "iot": "third_party",
}  # fmt: skip
IN_PROPERTIES = ("page_", "se_")
KNOWN = {
    "event_id", "event", "event_name", "event_version", "user_id", "domain_userid", "network_userid",
    "domain_sessionid", "platform", "derived_tstamp", "collector_tstamp", "geo_region", "unstruct_event", "contexts",
}  # fmt: skip


def detect(seen: Seen) -> bool:
    """Whether the collector's time stands beside the tracker's."""
    return {"event_id", "collector_tstamp"} <= seen.columns and bool({TIMES[0], TIMES[1]} & seen.columns)


def translate(record: Record) -> Canonical:
    """One enriched event as a canonical one."""
    anonymous = first(record, "domain_userid", "network_userid")
    name, schema_version, members = _described(record)
    event = {
        "event_id": first(record, "event_id"),
        "lead_id": first(record, "user_id") or anonymous,
        "anonymous_id": anonymous,
        "session_id": first(record, "domain_sessionid"),
        "source": SOURCES.get(str(record.get("platform"))),
        "type": name,
        "occurred_at": first(record, *TIMES),
        "received_at": first(record, "collector_tstamp"),
        "region": first(record, "geo_region"),
        "properties": _properties(record) | members,
        "context": _context(record),
        "schema_version": schema_version,
    }
    return Canonical(event)


def _described(record: Record) -> tuple[str | None, int | None, dict[str, Any]]:
    """The event's name, its schema's version, and the members of a self-describing event."""
    inner = object_of(object_of(record, "unstruct_event"), "data")
    kind, schema = first(record, "event"), text(inner.get("schema"))
    wide = next((name for name in record if name.startswith("unstruct_event_") and record[name]), None)
    members = object_of(record, wide) if wide else object_of(inner, "data")
    if schema is not None:
        return _name(schema), version(schema), members
    if kind == "struct":
        return first(record, "se_action") or kind, None, members
    named = first(record, "event_name")
    return (named if named not in (None, "event") else kind), version(record.get("event_version")), members


def _name(schema: str) -> str:
    """`demo_requested` of `iglu:com.acme/demo_requested/jsonschema/1-0-0`."""
    parts = schema.split("/")
    return parts[1] if len(parts) > 1 else schema


def _properties(record: Record) -> dict[str, Any]:
    found = {name: record[name] for name in record if name.startswith(IN_PROPERTIES) and record[name] is not None}
    return found | ({"se_value": number(found["se_value"])} if "se_value" in found else {})


def _context(record: Record) -> dict[str, Any]:
    known = KNOWN | {name for name in record if name.startswith((*IN_PROPERTIES, "unstruct_event_"))}
    entities: dict[str, list[Any]] = {}
    for entity in objects_of(object_of(record, "contexts"), "data"):
        entities.setdefault(_name(str(entity.get("schema"))), []).append(entity.get("data"))
    return rest(record, known) | ({"contexts": entities} if entities else {})


ADAPTER = Adapter("snowplow", detect, translate, "web", personal=("user_ipaddress",))
