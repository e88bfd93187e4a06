"""From the bytes of a request to a parcel: one bad item never keeps the others out."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from core.signals.ingest import cloudevents, segment
from core.signals.ingest.errors import BodyUnreadable
from core.signals.ingest.items import Given, ItemRefused, Seen, checked_values
from core.signals.ingest.parcels import Parcel, Record, Refused, Sender, cut

CUT_DEPTH = 100
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
Translate = Callable[[Mapping[str, Any], Seen], Given]


def segment_call(body: bytes, call: str, sender: Sender, now: datetime) -> Parcel:
    """One message of Segment's `call` (track, identify, page, screen, group or alias); raises BodyUnreadable."""
    message = _object(body)
    whole = body if message.get("type") == call else None
    return _parcel("segment", sender, [{**message, "type": call}], now, segment.given, body, whole)


def segment_batch(body: bytes, sender: Sender, now: datetime) -> Parcel:
    """Many messages under `batch`, with what they share beside it; raises BodyUnreadable."""
    whole = _object(body)
    messages = whole.get("batch")
    if not isinstance(messages, list) or not messages:
        raise BodyUnreadable("`batch` is not an array of messages")
    shared = {name: whole[name] for name in segment.SHARED if whole.get(name) is not None}
    return _parcel("segment", sender, messages, now, segment.within(shared), body)


def cloud_events(body: bytes, sender: Sender, now: datetime, *, batch: bool) -> Parcel:
    """One event in structured mode, or an array of them; raises BodyUnreadable."""
    found = _parsed(body)
    if batch and not (isinstance(found, list) and found):
        raise BodyUnreadable("it is not an array of events")
    items = found if batch else [_object(body)]
    return _parcel("cloudevents", sender, items, now, cloudevents.given, body, None if batch else body)


def unreadable(adapter: str, sender: Sender, code: str, detail: str, body: bytes) -> Parcel:
    """A request that is refused whole, for the quarantine."""
    return Parcel(sender, adapter, (), (Refused(0, code, detail, cut(body)),), len(body))


def _parcel(
    adapter: str,
    sender: Sender,
    items: list[Any],
    now: datetime,
    translate: Translate,
    body: bytes,
    whole: bytes | None = None,
) -> Parcel:
    """The items of a body; `whole` are its bytes where they are its one item's own."""
    seen = Seen(sender.source, sender.trace_id, now)
    records: list[Record] = []
    refused: list[Refused] = []
    for index, item in enumerate(items):
        raw = _bytes_of(item) if whole is None else whole
        try:
            if not isinstance(item, dict):
                raise ItemRefused("not_an_object", f"a {type(item).__name__} where an object is expected")
            given = translate(item, seen)
            shifted = given.shifted or given.occurred_at is None
            records.append(Record(index, checked_values(given), raw, shifted, given.traits, given.links))
        except ItemRefused as refusal:
            refused.append(Refused(index, refusal.code, refusal.detail, cut(raw)))
        except RecursionError:
            refused.append(Refused(index, "too_deep", "its objects are nested too deeply", cut(raw)))
        except (ValueError, OverflowError, TypeError):
            refused.append(Refused(index, "unprocessable", "a value of it is out of every range", cut(raw)))
    return Parcel(sender, adapter, records, refused, len(body))


def _object(body: bytes) -> dict[str, Any]:
    found = _parsed(body)
    if not isinstance(found, dict):
        raise BodyUnreadable(f"a {type(found).__name__} where an object is expected")
    return found


def _parsed(body: bytes) -> Any:
    """The JSON value; bytes that are no UTF-8 stay apart in it, so that only the items that hold them are refused."""
    if not body.strip():
        raise BodyUnreadable("it is empty")
    text = body.decode("utf-8", "surrogateescape")
    try:
        try:
            return json.loads(text)
        except RecursionError:
            return json.loads(_shallow(text))
    except ValueError as error:
        raise BodyUnreadable(f"it is no JSON ({error})") from error


def _shallow(text: str) -> str:
    """The JSON text without what lies deeper than CUT_DEPTH, which is still too deep for the gate."""
    kept, start, depth = [], 0, 0
    for found in TOKENS.finditer(text):
        opens, closes = found[0] in "[{", found[0] in "]}"
        depth += opens - closes
        if opens and depth == CUT_DEPTH:
            kept.append(text[start : found.end()])
        if closes and depth == CUT_DEPTH - 1:
            start = found.start()
    return "".join([*kept, text[start:]] if depth < CUT_DEPTH else kept)


def _bytes_of(item: Any) -> bytes:
    """The item as JSON in its own bytes."""
    try:
        return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return json.dumps(item, separators=(",", ":")).encode()
    except RecursionError:
        return repr(type(item)).encode()
