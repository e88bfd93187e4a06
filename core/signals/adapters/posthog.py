"""PostHog's batch export of events, Parquet or JSON lines; members that it adds later are kept.

`distinct_id` is the lead: who it later turned out to be stands in links, as known then. `$identify` links its
`$anon_distinct_id`, `$create_alias` its `alias`, `$groupidentify` the group. `$set` becomes attributes of the lead;
`$set_once` only says what would be set first, so it stays a property, and `person_properties` are the person's as they
are now, so they stay context.
"""

from typing import Any

from core.signals.adapters.adapter import Adapter, Canonical, Link, Record, Seen
from core.signals.adapters.values import first, object_of, rest, text

KNOWN = {"uuid", "event", "distinct_id", "properties", "person_properties", "timestamp", "created_at"}
MOBILE = ("ios", "android", "react-native", "flutter")


def detect(seen: Seen) -> bool:
    """Whether the export's three keys are there."""
    return {"uuid", "event", "distinct_id"} <= seen.columns


def translate(record: Record) -> Canonical:
    """One exported event as a canonical one, with its traits and links."""
    properties = object_of(record, "properties")
    lead, kind = first(record, "distinct_id"), first(record, "event")
    account = _account(properties)
    event = {
        "event_id": first(record, "uuid"),
        "lead_id": lead,
        "anonymous_id": first(properties, "$device_id", "$anon_distinct_id"),
        "account_id": account,
        "session_id": first(properties, "$session_id"),
        "source": _source(text(properties.get("$lib"))),
        "type": kind,
        "occurred_at": first(record, "timestamp"),
        "received_at": first(record, "created_at"),
        "region": first(properties, "$geoip_subdivision_1_code"),
        "properties": properties,
        "context": rest(record, KNOWN) | _person(record),
    }
    return Canonical(event, _traits(record, properties), tuple(_links(kind, lead, properties, account)))


def _source(library: str | None) -> str | None:
    """`web` is the browser's library, `posthog-ios` and the like are apps, any other runs on a server."""
    if library is None:
        return None
    return "web" if library in ("web", "js") else "mobile" if library.endswith(MOBILE) else "product"


def _account(properties: dict[str, Any]) -> str | None:
    groups = object_of(properties, "$groups")
    return first(properties, "$group_key") or first(groups, "company", "organization", "account", *groups)


def _person(record: Record) -> dict[str, Any]:
    found = object_of(record, "person_properties")
    return {"person_properties": found} if found else {}


def _traits(record: Record, properties: dict[str, Any]) -> dict[str, Any]:
    """What the event sets on the person, and on its group."""
    group = {f"account_{name}": value for name, value in object_of(properties, "$group_set").items()}
    return object_of(properties, "$set") | object_of(record, "$set") | group


def _links(kind: str | None, lead: str | None, properties: dict[str, Any], account: str | None) -> list[Link]:
    earlier = {"$identify": ("$anon_distinct_id", "identify"), "$create_alias": ("alias", "alias")}
    member, origin = earlier.get(kind or "", ("", ""))
    previous = text(properties.get(member))
    links = [Link(previous, lead, origin)] if previous and lead and previous != lead else []
    return [*links, Link(lead, account, "group")] if kind == "$groupidentify" and lead and account else links


ADAPTER = Adapter(
    "posthog", detect, translate, "web",
    personal=("traits.name", "$set.name", "$set_once.name", "person_properties.name"),
)  # fmt: skip
