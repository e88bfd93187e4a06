"""Logs of a server as JSON lines without personal data: a closed list of fields, no message of an exception."""

import logging
from collections.abc import Callable, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from core.kernel.telemetry.names import safe

FILE_BYTES, FILES = 8 * 2**20, 4
LOGGER = "leadbench"
Log = Callable[..., None]


def writer(folder: Path) -> tuple[Log, Callable[[], None]]:
    """How to log to `folder/server.jsonl`, which is followed by a new file when full; and how to end it."""
    import structlog

    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "server.jsonl", maxBytes=FILE_BYTES, backupCount=FILES, encoding="utf-8")
    target = logging.Logger(LOGGER, logging.INFO)
    target.addHandler(handler)
    bound = structlog.wrap_logger(
        target,
        processors=[
            structlog.stdlib.add_log_level,
            _withhold,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return bound.info, handler.close


def _withhold(logger: Any, method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The fields as they may be written."""
    kept = ("event", "level")
    return {name: value if name in kept else safe(name, value) for name, value in fields.items()}
