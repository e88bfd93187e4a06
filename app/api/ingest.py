"""Events over HTTP: Segment's calls and CloudEvents, answered after the durable commit."""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import live
from app.api.problems import TooLarge, Unauthenticated, WrongMediaType, problem
from core.kernel import telemetry
from core.kernel.errors import LeadbenchError
from core.signals import ingest
from core.signals.ingest import BodyUnreadable, NothingAcceptable, Parcel, QueueFull, ReadOnly, Receipt, Sender

MOST_BYTES = 4 * 2**20
KEPT_BYTES = 64 * 2**10
CALLS = ("track", "identify", "page", "screen", "group", "alias")
JSON_TYPES = ("application/json", "text/plain")
EVENT, EVENTS = "application/cloudevents+json", "application/cloudevents-batch+json"
TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
Read = Callable[[bytes, str, Sender, datetime], Parcel]


def routes() -> Sequence[Route]:
    """The paths that take events."""
    one = [_route(call, JSON_TYPES, partial(_call, call)) for call in CALLS]
    batch = _route("batch", JSON_TYPES, lambda body, kind, sender, now: ingest.segment_batch(body, sender, now))
    return [*one, batch, _route("events", (EVENT, EVENTS, "application/json"), _events)]


def _call(call: str, body: bytes, kind: str, sender: Sender, now: datetime) -> Parcel:
    return ingest.segment_call(body, call, sender, now)


def _events(body: bytes, kind: str, sender: Sender, now: datetime) -> Parcel:
    return ingest.cloud_events(body, sender, now, batch=kind == EVENTS)


def _route(path: str, kinds: Sequence[str], read: Read) -> Route:
    adapter = "cloudevents" if path == "events" else "segment"
    return Route(f"/{path}", _endpoint(_Door(path, kinds, adapter, read)), methods=["POST"])


class _Door:
    """One path: which content types it takes, and how their bodies are read."""

    def __init__(self, path: str, kinds: Sequence[str], adapter: str, read: Read) -> None:
        self.path, self.kinds, self.adapter, self.read = path, kinds, adapter, read


def _endpoint(door: _Door) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        given = request.headers.get("traceparent")
        with telemetry.span("ingest", parent=given, route=f"/v1/{door.path}", method="POST"):
            return await _answered(request, door, given)

    return receive


async def _answered(request: Request, door: _Door, given: str | None) -> Response:
    try:
        label = live.keys().source_of(_key(request))
        if label is None:
            return problem(401, "Not authenticated", Unauthenticated())
        return await _taken(request, door, Sender(label, _trace_id(given)))
    except ReadOnly as refusal:
        telemetry.judge("availability", bad=1)
        return problem(refusal.status, refusal.title, refusal, retry_seconds=refusal.retry_seconds)
    except QueueFull as refusal:
        return problem(refusal.status, refusal.title, refusal, retry_seconds=refusal.retry_seconds)
    except ClientDisconnect:
        return Response(status_code=400)
    except LeadbenchError as refusal:
        return problem(503, "The store cannot be used", refusal)


async def _taken(request: Request, door: _Door, sender: Sender) -> Response:
    """Read, store and answer; a request that is refused whole goes to quarantine first."""
    taker = live.live().ingest
    taker.check_open()
    body, whole = await _body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if not whole:
            raise TooLarge(MOST_BYTES)
        if kind not in door.kinds or request.headers.get("content-encoding", "identity") != "identity":
            raise WrongMediaType(request.headers.get("content-type", "none"), door.kinds)
        with telemetry.span("validate", bytes=len(body)):
            parcel = door.read(body, kind, sender, live.now())
    except (TooLarge, WrongMediaType, BodyUnreadable) as refusal:
        held = ingest.unreadable(door.adapter, sender, refusal.code, refusal.message, body[:KEPT_BYTES])
        await asyncio.wrap_future(taker.submit(held))
        return _refused(refusal)
    with telemetry.span("commit", rows=parcel.rows) as span:
        receipt = await asyncio.wrap_future(taker.submit(parcel))
        span.set(accepted=receipt.accepted, duplicate=receipt.duplicate)
    return _told(receipt, parcel.rows)


def _told(receipt: Receipt, items: int) -> Response:
    if receipt.errors and not receipt.accepted and not receipt.duplicate:
        first = receipt.errors[0]
        refusal = NothingAcceptable(items, first.code, first.detail)
        return problem(refusal.status, refusal.title, refusal, [error.to_json() for error in receipt.errors])
    return JSONResponse(receipt.to_json())


def _refused(refusal: TooLarge | WrongMediaType | BodyUnreadable) -> Response:
    if isinstance(refusal, TooLarge):
        return problem(413, "The body is too large", refusal)
    if isinstance(refusal, WrongMediaType):
        return problem(415, "The content type is not taken", refusal)
    return problem(refusal.status, refusal.title, refusal)


async def _body(request: Request) -> tuple[bytes, bool]:
    """The body and whether that is all of it: nothing is read beyond what a request may have."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            return b"".join(parts), False
    return b"".join(parts), True


def _key(request: Request) -> str:
    """The write key of the request, empty where it has none."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _trace_id(traceparent: str | None) -> str | None:
    found = TRACE_PARENT.fullmatch(traceparent or "")
    return telemetry.trace_id() or (found[1] if found else None)
