"""What every command shares: the store and identity options, output as text or JSON, progress on standard error."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.call import current
from core.governance.permissions import Permission
from core.kernel.canonical import plain
from core.kernel.clock import SystemClock
from core.kernel.errors import StoreMissing
from core.kernel.settings import Settings
from core.kernel.workers import Cancelled
from core.workbench import Workbench

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="Folder of the store; default $LEADBENCH_STORE, else ./leadbench-store.")
]
AsOption = Annotated[str | None, typer.Option("--as", help="Who acts; default $LEADBENCH_USER.")]


def speak(as_json: bool) -> bool:
    """Remember whether this command prints JSON; `--json` calls it by itself."""
    current().as_json = as_json
    return as_json


JsonOption = Annotated[
    bool, typer.Option("--json", callback=speak, help="Print one JSON object and nothing else on standard output.")
]


def emit(payload: Mapping[str, Any], text: Callable[[], str] | None = None) -> None:
    """Print the payload as one JSON object, or the text for people."""
    call = current()
    if call.as_json or text is None:
        told = json.dumps(plain(payload), ensure_ascii=False, indent=None if call.as_json else 2)
    else:
        told = text()
    call.out.write(f"{told}\n")


def settings() -> Settings:
    """The settings of this run."""
    caller = current().caller
    return caller.settings if caller else Settings()  # type: ignore[call-arg]


def store_folder(store: Path | None) -> Path:
    """The folder that --store, the environment or the default names."""
    return store if store is not None else settings().store


@contextmanager
def opened(store: Path | None, *, create: bool = False) -> Iterator[Workbench]:
    """The workbench on the store: opened here, or the server's own where this command was handed over.

    Raises StoreMissing where there is no store and `create` is false, and the refusals of opening one.
    """
    caller = current().caller
    if caller:
        yield caller.workbench
        return
    folder = store_folder(store)
    if not create and not (folder / "store.duckdb").exists():
        raise StoreMissing(folder)
    workbench = Workbench.open(folder, SystemClock())
    try:
        yield workbench
    finally:
        workbench.close()


@contextmanager
def acting(
    store: Path | None,
    as_user: str | None,
    permission: Permission | None = None,
    *,
    default: bool = False,
    create: bool = False,
) -> Iterator[tuple[Workbench, str]]:
    """The workbench on the store, and the name of who acts, whose permission was looked up where one is needed.

    Raises what `opened` raises, and NoIdentity, UserUnknown, and Forbidden where the permission is not theirs.
    """
    with opened(store, create=create) as bench:
        yield bench, bench.identity(user_name(as_user), default=default, permission=permission)


def user_name(as_user: str | None) -> str | None:
    """Who --as or the environment names."""
    return as_user or settings().user


def progress(done: float, text: str) -> None:
    """Show how far a job is, on standard error, on one line of a terminal or a line each elsewhere.

    Raises Cancelled where who handed the command over wants it stopped.
    """
    call = current()
    if call.cancel.is_set():
        raise Cancelled("the command")
    end = "\r" if call.err.isatty() and done < 1 else "\n"
    if call.err.isatty() or text:
        call.err.write(f"{done:4.0%} {text:<60.60}{end}")
        call.err.flush()


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as aligned plain text."""
    cells = [list(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
