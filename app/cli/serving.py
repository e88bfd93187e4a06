"""Serving the app on a store."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.call import current
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


def start(folder: Path, port: int) -> None:
    """Run the server until it is stopped; it never hands itself to another one, nor starts inside one."""
    from app.server import serve as run_server

    call = current()
    if call.caller:
        call.err.write("The store is being served already.\n")
        return
    call.offline = True
    run_server(folder, port=port)
