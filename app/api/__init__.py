"""The HTTP side: plain Starlette routes, under /healthz, /readyz, /metrics and /v1."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Mount, Route, Router

from app.api import health, ingest, openapi, problems


def routes() -> Sequence[BaseRoute]:
    """Every route of the API; what is not listed under /v1 answers 404 as problem+json."""
    seen = [Route("/healthz", health.health), Route("/readyz", health.ready), Route("/metrics", health.metrics)]
    return [*seen, Mount("/v1", app=version_one())]


def version_one() -> Router:
    """What stands under /v1."""
    listed = [*ingest.routes(), Route("/openapi.json", openapi.document)]
    return Router(listed, default=problems.unknown, redirect_slashes=False)
