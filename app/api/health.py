"""Whether the server lives, whether it can do its work, and its measures for Prometheus."""

import shutil

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import live, services
from core.kernel import telemetry
from core.kernel.errors import LeadbenchError
from core.monitoring.store_service import ServiceStore

LEAST_FREE_BYTES = 64 * 2**20


def health(request: Request) -> Response:
    """Whether the store is open: 200 with its ledger head's revision, else 503; `store` says if it takes events."""
    try:
        revision = services.workbench().db.revision("signals", "decisions", "governance")
    except LeadbenchError as refusal:
        return JSONResponse({"status": "refused", "error": refusal.to_json()}, status_code=503)
    return JSONResponse({"status": "ok", "revision": revision, "store": "read_only" if live.read_only() else "open"})


def ready(request: Request) -> Response:
    """Whether events and commands can be taken: each check by name, 503 where one fails."""
    try:
        found = _checks()
    except LeadbenchError as refusal:
        return JSONResponse({"status": "refused", "error": refusal.to_json()}, status_code=503)
    good = all(found.values())
    return JSONResponse({"status": "ready" if good else "not_ready", "checks": found}, status_code=200 if good else 503)


def _checks() -> dict[str, bool]:
    db = services.workbench().db
    return {
        "store": True,
        "writable": not live.read_only(),
        "chain": db.reaches_high_water(),
        "disk": shutil.disk_usage(db.directory).free >= LEAST_FREE_BYTES,
    }


def metrics(request: Request) -> Response:
    """Everything measured since the start, as OpenMetrics; 503 where telemetry is off."""
    from core.kernel.telemetry import exposition

    recording = telemetry.active()
    if recording is None:
        return Response("Telemetry is off: LEADBENCH_TELEMETRY.\n", status_code=503, media_type="text/plain")
    _levels()
    return Response(exposition.text(recording), headers={"Content-Type": exposition.CONTENT_TYPE})


def _levels() -> None:
    """Take the levels of this moment: queues, what was taken, how long each source has been silent."""
    running, now = live.live(), live.now().replace(tzinfo=None)
    taken, deciding = running.ingest.state, running.arrivals.state
    telemetry.gauge("ingest_queue_rows", taken.rows)
    telemetry.gauge("ingest_queue_bytes", taken.size)
    telemetry.gauge("decision_queue_leads", deciding.waiting)
    telemetry.gauge("store_read_only", int(taken.read_only is not None))
    for name in ("accepted", "duplicate", "refused", "commits"):
        telemetry.gauge(f"ingest_{name}_since_start", getattr(taken, name))
    for source, _, received_at in ServiceStore(running.bench.db).sources().iter_rows():
        telemetry.gauge("source_silent_seconds", (now - received_at).total_seconds(), source=source)
