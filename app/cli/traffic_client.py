"""A client that plays a log into the HTTP API: open loop, some connections, latencies noted."""

import http.client
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

from core.kernel.errors import LeadbenchError

MOST_IN_A_REQUEST = 100
CONNECTIONS = 8
TRIES = 20
TIMEOUT_SECONDS = 60
QUANTILES = (50, 95, 99)
Message = dict[str, Any]
Due = tuple[float, Message]


class ServerUnreachable(LeadbenchError):
    """No leadbench server at the address, or one that refuses the key."""

    code = "server_unreachable"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"`{url}` does not take events: {reason}.",
            value=url,
            remedy="Start it with `leadbench serve`, and give a key of `leadbench keys issue`.",
        )


@dataclass
class Tally:
    """What came of the requests; latencies in seconds."""

    sent: int = 0
    accepted: int = 0
    duplicate: int = 0
    errors: int = 0
    requests: int = 0
    retries: int = 0
    latencies: list[float] = field(default_factory=list)
    fault: str | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def note(self, count: int, answer: Message, seconds: float, retries: int) -> None:
        """Add a request that was answered."""
        with self.guard:
            self.sent += count
            self.accepted += answer.get("accepted", 0)
            self.duplicate += answer.get("duplicate", 0)
            self.errors += len(answer.get("errors", ()))
            self.requests += 1
            self.retries += retries
            self.latencies.append(seconds)

    def to_json(self, seconds: float) -> Message:
        """The figures as the command prints them."""
        ordered = sorted(self.latencies) or [0.0]
        at = {f"p{q}": ordered[min(len(ordered) * q // 100, len(ordered) - 1)] for q in QUANTILES}
        shown = {name: round(value * 1e3, 1) for name, value in {**at, "max": ordered[-1]}.items()}
        names = ("sent", "accepted", "duplicate", "errors", "requests", "retries")
        counts = {name: getattr(self, name) for name in names}
        return {
            **counts,
            "seconds": round(seconds, 3),
            "events_per_s": round(self.sent / max(seconds, 1e-9), 1),
            "latency_ms": shown,
        }


def play(
    url: str, key: str, due: Iterable[Due], connections: int = CONNECTIONS, most: int = MOST_IN_A_REQUEST
) -> Tally:
    """Send each message when it is due (seconds from now), at most `most` in a request; raises ServerUnreachable."""
    tally, waiting = Tally(), Queue[list[Message] | None](maxsize=4 * connections)
    workers = [threading.Thread(target=_work, args=(url, key, waiting, tally), daemon=True) for _ in range(connections)]
    for worker in workers:
        worker.start()
    for group in _groups(due, most, time.monotonic):
        if tally.fault:
            break
        waiting.put(group)
    for _ in workers:
        waiting.put(None)
    for worker in workers:
        worker.join()
    if tally.fault:
        raise ServerUnreachable(url, tally.fault)
    return tally


def _groups(due: Iterable[Due], most: int, clock: Callable[[], float]) -> Iterable[list[Message]]:
    """The messages in groups that are due together."""
    began, group = clock(), []
    for at, message in due:
        ahead = at - (clock() - began)
        if group and (ahead > 0 or len(group) == most):
            yield group
            group = []
        if ahead > 0:
            time.sleep(ahead)
        group.append(message)
    if group:
        yield group


def _work(url: str, key: str, waiting: "Queue[list[Message] | None]", tally: Tally) -> None:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=TIMEOUT_SECONDS)
    while (group := waiting.get()) is not None:
        if tally.fault is None:
            try:
                _send(connection, key, group, tally)
            except (OSError, http.client.HTTPException) as error:
                tally.fault = str(error) or type(error).__name__
    connection.close()


def _send(connection: http.client.HTTPConnection, key: str, group: Sequence[Message], tally: Tally) -> None:
    """Send a group until it is taken; what is asked to wait waits."""
    path, body = ("/v1/track", group[0]) if len(group) == 1 else ("/v1/batch", {"batch": list(group)})
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"}
    content = json.dumps(body, separators=(",", ":")).encode()
    for tried in range(TRIES):
        began = time.perf_counter()
        answer, text = _posted(connection, path, content, headers)
        if answer.status in (429, 503):
            time.sleep(float(answer.headers.get("Retry-After", 1)))
            continue
        if answer.status not in (200, 400):
            tally.fault = f"it answered {answer.status}"
            return
        tally.note(len(group), json.loads(text), time.perf_counter() - began, tried)
        return
    tally.fault = f"it still asked to wait after {TRIES} tries"


def _posted(
    connection: http.client.HTTPConnection, path: str, content: bytes, headers: dict[str, str]
) -> tuple[http.client.HTTPResponse, bytes]:
    """The answer to a request; a connection that the server has closed while it was idle is opened anew.

    Whether the first one was taken does not matter: an event that comes again is a duplicate.
    """
    was_open = connection.sock is not None
    try:
        return _asked(connection, path, content, headers)
    except ConnectionError:
        if not was_open:
            raise
        connection.close()
        return _asked(connection, path, content, headers)


def _asked(
    connection: http.client.HTTPConnection, path: str, content: bytes, headers: dict[str, str]
) -> tuple[http.client.HTTPResponse, bytes]:
    connection.request("POST", path, content, headers)
    answer = connection.getresponse()
    return answer, answer.read()
