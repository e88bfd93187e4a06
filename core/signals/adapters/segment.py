"""Segment and RudderStack calls: track, identify, page, screen, group, alias, and batches of them.

`messageId` is the event's id and `userId` the lead, or `anonymousId` before one is known. A track call's `event` is the
type, else the call's own name. `channel` says the source. Times follow Segment's rule for skewed clocks:
timestamp = receivedAt - (sentAt - originalTimestamp). Traits of identify and group become attributes of the lead, those
of a group as `account_<trait>`. identify links the anonymous id, alias the previous one, group the account.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.signals.adapters.adapter import Adapter, Canonical, Link, Record, Seen
from core.signals.adapters.values import first, moment, number, object_of, objects_of, rest, text, trace, version

CALLS = ("track", "identify", "page", "screen", "group", "alias")
SOURCES = {"browser": "web", "web": "web", "mobile": "mobile", "server": "product", "sources": "third_party"}
BY_CALL = {"page": "web", "screen": "mobile"}
KNOWN = {
    "type", "messageId", "userId", "anonymousId", "event", "name", "category", "properties", "traits", "groupId",
    "previousId", "context", "originalTimestamp", "sentAt", "receivedAt", "timestamp", "channel", "schemaVersion",
}  # fmt: skip
IN_BATCH = ("context", "integrations", "sentAt", "receivedAt", "channel")


def is_call(seen: Seen) -> bool:
    """Whether the records are calls, or batches of calls, of either of the two."""
    if "messageId" in seen.columns:
        return bool({"userId", "anonymousId"} & seen.columns)
    return "batch" in seen.columns and any(
        item.get("type") in CALLS for record in seen.records for item in objects_of(record, "batch")
    )


def is_rudder(seen: Seen) -> bool:
    """Whether something says RudderStack: a channel that only it has, its own id, its library."""
    calls = [call for record in seen.records for call in expand(record)]
    libraries = (object_of(object_of(call, "context"), "library").get("name") for call in calls)
    own = any(call.get("channel") in ("web", "sources") or "rudderId" in call for call in calls)
    return own or any("rudder" in str(name).lower() for name in libraries)


def expand(record: Record) -> Sequence[Record]:
    """The calls of a batch, each with what the batch says for all of them; a call alone is itself."""
    if "batch" not in record:
        return (record,)
    common = {name: record[name] for name in IN_BATCH if record.get(name) is not None}
    return [{**common, **item} for item in objects_of(record, "batch")]


def translate(record: Record) -> Canonical:
    """One call as a canonical event, with its traits and links."""
    call = (text(record.get("type")) or "track").lower()
    context = object_of(record, "context")
    traits = object_of(record, "traits")
    lead, anonymous = text(record.get("userId")), text(record.get("anonymousId"))
    account = first(record, "groupId") or first(context, "groupId")
    event = {
        "event_id": first(record, "messageId"),
        "lead_id": lead or anonymous,
        "anonymous_id": anonymous,
        "account_id": account,
        "session_id": first(context, "sessionId"),
        "source": SOURCES.get(str(record.get("channel")).lower(), BY_CALL.get(call)),
        "type": (first(record, "event") if call == "track" else None) or call,
        "occurred_at": occurred(record),
        "received_at": first(record, "receivedAt"),
        "region": first(object_of(context, "location"), "region"),
        "properties": _properties(record, call, traits),
        "context": context | rest(record, KNOWN),
        "schema_version": version(record.get("schemaVersion")),
        "trace_id": trace(context.get("traceparent")),
    }
    previous = text(record.get("previousId")) if call == "alias" else anonymous if call == "identify" else None
    links = [Link(previous, lead, call)] if previous and lead and previous != lead else []
    links += [Link(lead or anonymous or "", account, "group")] if call == "group" and account else []
    return Canonical(event, attributes(call, traits), tuple(link for link in links if link.from_id))


def occurred(record: Record) -> str | None:
    """When it happened by the receiver's clock; `timestamp` beside `originalTimestamp` is corrected already."""
    original = first(record, "originalTimestamp", "timestamp")
    if record.get("originalTimestamp") and record.get("timestamp"):
        return text(record["timestamp"])
    sent, received = moment(record.get("sentAt")), moment(record.get("receivedAt"))
    said = moment(original)
    if said is None or sent is None or received is None:
        return original
    return text(received - (sent - said))


def _properties(record: Record, call: str, traits: dict[str, Any]) -> dict[str, Any]:
    named = {name: record[name] for name in ("name", "category") if record.get(name) is not None}
    return (named if call != "track" else {}) | object_of(record, "properties") | ({"traits": traits} if traits else {})


def attributes(call: str, traits: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the traits of a call say of its lead; those of a group as `account_<trait>`."""
    if call == "group":
        return {f"account_{name}": number(value) if name == "employees" else value for name, value in traits.items()}
    return traits if call == "identify" else {}


PERSONAL = ("traits.name", "traits.username")
ADAPTER = Adapter(
    "segment", lambda seen: is_call(seen) and not is_rudder(seen), translate, "web", expand, "batch", "receivedAt",
    personal=PERSONAL,
)  # fmt: skip
RUDDERSTACK = Adapter(
    "rudderstack", lambda seen: is_call(seen) and is_rudder(seen), translate, "web", expand, "batch", "receivedAt",
    personal=PERSONAL,
)  # fmt: skip
