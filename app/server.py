"""The server: the app and the API in one process on one store."""

import ipaddress
import socket
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.kernel import telemetry
from core.kernel.database import Database
from core.kernel.errors import LeadbenchError
from core.kernel.settings import PROJECT_ROOT
from core.monitoring.minutes import Minutes

if TYPE_CHECKING:
    from streamlit.web.server.starlette import App

CONFIG = PROJECT_ROOT / ".streamlit" / "config.toml"
SCRIPT = PROJECT_ROOT / "app" / "main.py"


class NotLoopback(LeadbenchError):
    """Listening beyond this machine without a sign-in."""

    code = "not_loopback"

    def __init__(self, host: str) -> None:
        super().__init__(
            f"The server does not listen on `{host}`: without a sign-in, names are trusted on this machine only.",
            value=host,
            remedy="Use `127.0.0.1`.",
        )


class PortInUse(LeadbenchError):
    """A port that another process listens on."""

    code = "port_in_use"

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Port `{port}` of {host} is in use by another process.", value=port, remedy="Name another one with --port."
        )


def serve(store_dir: Path, port: int = 8501, host: str = "127.0.0.1") -> None:
    """Serve the store until stopped; raises NotLoopback, PortInUse, and the refusals of opening the store."""
    import uvicorn

    from app import live, services

    check(host, port)
    import_shared()
    services.configure(store_dir)
    opened = services.workbench()
    url = f"http://{host}:{port}"
    opened.db.announce(url)
    sys.stderr.write(f"leadbench serves {store_dir} at {url} (Ctrl-C stops it)\n")
    try:
        uvicorn.run(
            application(port), host=host, port=port, log_level="warning", timeout_graceful_shutdown=2, ws="auto"
        )
    finally:
        live.close()
        services.close()


def import_shared() -> None:
    """Import what Streamlit and Plotly look up in `sys.modules`, so that no session sees it half-imported."""
    for name in ("pandas", "PIL.Image"):
        import_module(name)


def check(host: str, port: int) -> None:
    """Refuse hosts beyond loopback and ports in use."""
    if host != "localhost" and not _is_loopback(host):
        raise NotLoopback(host)
    with socket.socket() as probe:
        if probe.connect_ex((host, port)) == 0:
            raise PortInUse(host, port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def application(port: int = 8501) -> "App":
    """The ASGI application: Streamlit's pages and the API's routes, configured from the project's own file."""
    import streamlit as st
    from streamlit import config

    from app import api

    options = dict(flat(tomllib.loads(CONFIG.read_text(encoding="utf-8"))))
    config.get_config_options(force_reparse=True, options_from_flags=options | {"server.port": port})
    return st.App(SCRIPT, routes=api.routes(), lifespan=lifespan)


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted names and values of a nested table."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@asynccontextmanager
async def lifespan(app: "App") -> AsyncIterator[None]:
    """Take live events and handed-over commands; at the end commit what waits, cancel what runs, close the store."""
    from app import cli, jobs, live, services
    from app.cli.listener import Listener

    recorder = _recorder(services.workbench().db)
    live.live()
    commands = Listener(services.workbench(), cli.run).start()
    yield
    commands.stop()
    live.close()
    jobs.JOBS.end()
    recorder.stop()
    telemetry.stop()
    services.close()


def _recorder(db: Database) -> Minutes:
    """Begin to record spans, measures and logs where the settings say so, and to keep the minutes."""
    recording = telemetry.start(db.directory, db.settings) if db.settings.telemetry else None
    return Minutes(db, recording.measures if recording else telemetry.Measures()).start()
