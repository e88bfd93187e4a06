"""CloudEvents 1.0 in our terms."""

import re
from collections.abc import Mapping
from typing import Any

from core.signals.event_rows import SOURCE_WORDS
from core.signals.ingest.items import Given, ItemRefused, Seen, moment, text

REQUIRED = ("specversion", "id", "source", "type")
OURS = ("anonymousid", "accountid", "sessionid", "region", "traceid")
KNOWN = frozenset((*REQUIRED, *OURS, "datacontenttype", "dataschema", "subject", "time", "data", "data_base64"))
FIRST_WORD = re.compile(r"/?([A-Za-z_-]+)")
TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def given(event: Mapping[str, Any], seen: Seen) -> Given:
    """One event in our terms; an id is unique within its source. Raises ItemRefused."""
    for name in REQUIRED:
        if text(event, name) is None:
            raise ItemRefused("missing_attribute", f"`{name}` is missing")
    if text(event, "specversion") != "1.0":
        raise ItemRefused("unknown_version", "`specversion` is not 1.0")
    texts = {
        "event_id": f"{text(event, 'source')}|{text(event, 'id')}",
        "lead_id": (text(event, "subject") or "").removeprefix("lead/") or None,
        "anonymous_id": text(event, "anonymousid"),
        "account_id": text(event, "accountid"),
        "session_id": text(event, "sessionid"),
        "source": _source(str(text(event, "source")), seen),
        "type": text(event, "type"),
        "region": text(event, "region"),
        "trace_id": text(event, "traceid") or _trace(text(event, "traceparent")) or seen.trace_id,
    }
    extensions = {name: value for name, value in event.items() if name not in KNOWN}
    return Given(texts, _data(event), extensions, moment(event, "time"))


def _source(uri: str, seen: Seen) -> str:
    first = FIRST_WORD.match(uri)
    return SOURCE_WORDS.get(first[1].lower(), seen.source) if first else seen.source


def _trace(traceparent: str | None) -> str | None:
    found = TRACE_PARENT.fullmatch(traceparent or "")
    return found[1] if found else None


def _data(event: Mapping[str, Any]) -> Mapping[str, Any]:
    data = event.get("data")
    if data is None:
        return {"data_base64": event["data_base64"]} if event.get("data_base64") is not None else {}
    return data if isinstance(data, dict) else {"data": data}
