"""The API's description (OpenAPI 3.1), as it is served."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.kernel.settings import PROJECT_ROOT

PATH = PROJECT_ROOT / "data" / "openapi.json"


@lru_cache(maxsize=1)
def description(path: Path = PATH) -> dict[str, Any]:
    """The document."""
    return json.loads(path.read_text(encoding="utf-8"))


async def document(request: Request) -> Response:
    """Answer with the document."""
    return JSONResponse(description())
