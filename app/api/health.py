"""Whether the server can do its work."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import live, services
from core.kernel.errors import LeadbenchError


def health(request: Request) -> Response:
    """Whether the store is open: 200 with its ledger head's revision, else 503; `store` says if it takes events."""
    try:
        revision = services.workbench().db.revision("signals", "decisions", "governance")
    except LeadbenchError as refusal:
        return JSONResponse({"status": "refused", "error": refusal.to_json()}, status_code=503)
    return JSONResponse({"status": "ok", "revision": revision, "store": "read_only" if live.read_only() else "open"})
