"""The HTTP side: plain Starlette routes, under /healthz and /v1."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send


def routes() -> Sequence[BaseRoute]:
    """Every route of the API; what is not listed under /v1 answers 404 as problem+json."""
    return [Route("/healthz", health), Mount("/v1", app=unknown)]


def health(request: Request) -> Response:
    """Whether the store is open: 200 with its ledger head's revision, else 503."""
    from app import services
    from core.kernel.errors import LeadbenchError

    try:
        revision = services.workbench().db.revision("signals", "decisions", "governance")
    except LeadbenchError as refusal:
        return JSONResponse({"status": "refused", "error": refusal.to_json()}, status_code=503)
    return JSONResponse({"status": "ok", "revision": revision})


async def unknown(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 404: no such path."""
    response = JSONResponse(
        {
            "type": "about:blank",
            "title": "Not found",
            "status": 404,
            "detail": f"`{scope['path']}` is not a path of this API.",
        },
        status_code=404,
        media_type="application/problem+json",
    )
    await response(scope, receive, send)
