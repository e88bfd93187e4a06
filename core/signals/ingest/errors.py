"""Refusals of live ingest; each names the HTTP status that it is answered with."""

from typing import ClassVar

from core.kernel.errors import LeadbenchError


class IngestRefused(LeadbenchError):
    """A request of which nothing was stored."""

    code = "nothing_acceptable"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "Refused"


class BodyUnreadable(IngestRefused):
    """A body that is not what its content type says."""

    code = "unreadable_body"
    title = "The body cannot be read"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The body cannot be read: {reason}.", remedy="Send one JSON object, or an array where a batch is asked."
        )


class NothingAcceptable(IngestRefused):
    """A request of which no item could be accepted."""

    code = "nothing_acceptable"
    title = "No item can be accepted"

    def __init__(self, items: int, code: str, detail: str) -> None:
        super().__init__(
            f"None of the {items} items can be accepted; the first: {detail}.",
            value=code,
            remedy="Correct the items and send them again; they wait in quarantine with their reasons.",
        )


class QueueFull(IngestRefused):
    """More requests than can be committed in time."""

    code = "queue_full"
    status = 429
    title = "Too many events at once"

    def __init__(self, rows: int, size: int, retry_seconds: int) -> None:
        super().__init__(
            f"The queue holds {rows:,} events ({size:,} bytes), which is as much as it may.",
            value=rows,
            remedy=f"Send the request again after {retry_seconds} s; nothing of it was stored.",
        )
        self.retry_seconds = retry_seconds


class ReadOnly(IngestRefused):
    """A store that takes no writes at the moment."""

    code = "no_space"
    status = 503
    title = "The store is read-only"

    def __init__(self, reason: str, retry_seconds: int = 1) -> None:
        super().__init__(
            f"The store takes no events now: {reason}",
            remedy="Free some space on the server; the same request will then be accepted. Nothing of it was stored.",
        )
        self.retry_seconds = retry_seconds
