"""Serving the app on a store."""

from typing import Annotated

import typer

from app.cli.common import StoreOption, settings, store_folder
from core.kernel.errors import StoreMissing


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: leadbench serve --port 8501")(serve)


def serve(
    port: Annotated[int | None, typer.Option(help="Port on this machine; default 8501.")] = None,
    store: StoreOption = None,
) -> None:
    """Serve the app on an existing store, on this machine only."""
    folder = store_folder(store)
    if not (folder / "store.duckdb").exists():
        raise StoreMissing(folder)
    start(folder, port or settings().port)


def start(folder: object, port: int) -> None:
    """Run the server until it is stopped."""
    from pathlib import Path

    from app.server import serve as run_server

    run_server(Path(str(folder)), port=port)
