"""Refusals as problem+json (RFC 9457)."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from core.kernel.errors import LeadbenchError

MEDIA_TYPE = "application/problem+json"


class Unauthenticated(LeadbenchError):
    """A request without an active write key."""

    code = "no_write_key"

    def __init__(self) -> None:
        super().__init__(
            "The request carries no active write key.",
            remedy="Send it as the user name of Basic authentication, or as a Bearer token.",
        )


class TooLarge(LeadbenchError):
    """A body longer than a request may be."""

    code = "body_too_large"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The body is longer than {most:,} bytes.", value=most, remedy="Send fewer events in one request."
        )


class WrongMediaType(LeadbenchError):
    """A body of a kind that this path does not take."""

    code = "wrong_media_type"

    def __init__(self, given: str, known: Sequence[str]) -> None:
        super().__init__(
            f"The content type `{given[:80]}` is not taken here.", value=given[:80], remedy=f"Use {', '.join(known)}."
        )


def problem(
    status: int, title: str, refusal: LeadbenchError, errors: Sequence[Any] = (), retry_seconds: int | None = None
) -> Response:
    """A refusal as the answer's body."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": refusal.code,
        "detail": f"{refusal.message} {refusal.remedy}".strip(),
        **({"errors": list(errors)} if errors else {}),
    }
    headers = {} if retry_seconds is None else {"Retry-After": str(retry_seconds)}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="leadbench"'
    return JSONResponse(body, status, headers, MEDIA_TYPE)


async def unknown(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 404: no such path."""
    body = {
        "type": "about:blank",
        "title": "Not found",
        "status": 404,
        "detail": f"`{scope['path']}` is not a path of this API.",
    }
    await JSONResponse(body, 404, media_type=MEDIA_TYPE)(scope, receive, send)
