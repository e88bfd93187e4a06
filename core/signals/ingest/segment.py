"""Segment's and RudderStack's messages in our terms."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from uuid_utils import uuid7

from core.kernel.canonical import canonical
from core.signals.adapters.segment import CALLS, translate
from core.signals.event_rows import SOURCE_WORDS
from core.signals.ingest.items import Given, ItemRefused, Seen, fitting, moment, text

SHARED = ("context", "sentAt", "channel", "integrations")
TEXTS = ("messageId", "userId", "anonymousId", "groupId", "event")
TIMES = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
CLOCK_TOLERANCE = timedelta(minutes=1)


def within(shared: Mapping[str, Any]) -> Callable[[Mapping[str, Any], Seen], Given]:
    """A translation of messages that inherit what their batch says."""

    def translate(message: Mapping[str, Any], seen: Seen) -> Given:
        inherited = {name: value for name, value in shared.items() if message.get(name) is None}
        return given({**inherited, **message}, seen)

    return translate


def given(message: Mapping[str, Any], seen: Seen) -> Given:
    """One message in our terms, by the adapter of files; raises ItemRefused."""
    if text(message, "type") not in CALLS:
        raise ItemRefused("unknown_call", f"`type` is not one of {', '.join(CALLS)}")
    for name in TEXTS:
        text(message, name)
    if message["type"] == "track" and text(message, "event") is None:
        raise ItemRefused("missing_type", "`event` is missing, which names what was tracked")
    occurred, shifted = _occurred(message, seen.now)
    found = fitting(translate, {name: value for name, value in message.items() if name not in TIMES})
    own = {
        "event_id": text(message, "messageId") or _made_id(message),
        "source": SOURCE_WORDS.get((text(message, "channel") or "").lower(), seen.source),
        "trace_id": found.event.get("trace_id") or seen.trace_id,
    }
    return Given.of(found, own, occurred, shifted=shifted)


def _occurred(message: Mapping[str, Any], now: datetime) -> tuple[datetime | None, bool]:
    """When it happened by the server's clock: receivedAt - (sentAt - originalTimestamp) where the sender's is off."""
    own, sent = moment(message, "originalTimestamp", "timestamp"), moment(message, "sentAt")
    if own is None or sent is None or message.get("receivedAt") is not None:
        return moment(message, "timestamp", "originalTimestamp"), False
    if abs(now - sent) <= CLOCK_TOLERANCE:
        return own, False
    return now - (sent - own), True


def _made_id(message: Mapping[str, Any]) -> str:
    """An id from the content where the message has a time of its own, so that a repeat is known; else a new one."""
    if moment(message, "originalTimestamp", "timestamp") is None:
        return f"m_{uuid7()}"
    content = {name: value for name, value in message.items() if name not in ("sentAt", "receivedAt")}
    try:
        return "m_" + sha256(canonical(content)).hexdigest()[:32]
    except (ValueError, TypeError) as error:
        raise ItemRefused("not_finite", "a number or a text of it is not valid") from error
