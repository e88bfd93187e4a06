"""What every command shares: the store and identity options, output as text or JSON, progress on standard error."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from core.kernel.canonical import plain
from core.kernel.clock import SystemClock
from core.kernel.errors import StoreMissing
from core.kernel.settings import Settings
from core.workbench import Workbench

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="Folder of the store; default $LEADBENCH_STORE, else ./leadbench-store.")
]
AsOption = Annotated[str | None, typer.Option("--as", help="Who acts; default $LEADBENCH_USER.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on standard output.")]


@dataclass
class Output:
    """How this command speaks: set once by `speak`, read by the refusal handler."""

    as_json: bool = False


OUTPUT = Output()


def speak(as_json: bool) -> None:
    """Remember whether this command prints JSON."""
    OUTPUT.as_json = as_json


def emit(payload: Mapping[str, Any], text: Callable[[], str] | None = None) -> None:
    """Print the payload as one JSON object, or the text for people."""
    if OUTPUT.as_json or text is None:
        typer.echo(json.dumps(plain(payload), ensure_ascii=False, indent=None if OUTPUT.as_json else 2))
    else:
        typer.echo(text())


def settings() -> Settings:
    """The settings of this run."""
    return Settings()  # type: ignore[call-arg]


def store_folder(store: Path | None) -> Path:
    """The folder that --store, the environment or the default names."""
    return store if store is not None else settings().store


@contextmanager
def opened(store: Path | None, *, create: bool = False) -> Iterator[Workbench]:
    """The workbench on the store; raises StoreMissing where there is none and `create` is false."""
    folder = store_folder(store)
    if not create and not (folder / "store.duckdb").exists():
        raise StoreMissing(folder)
    workbench = Workbench.open(folder, SystemClock())
    try:
        yield workbench
    finally:
        workbench.close()


def user_name(as_user: str | None) -> str | None:
    """Who --as or the environment names."""
    return as_user or settings().user


def progress(done: float, text: str) -> None:
    """Show how far a job is, on standard error, on one line of a terminal or a line each elsewhere."""
    end = "\r" if sys.stderr.isatty() and done < 1 else "\n"
    if sys.stderr.isatty() or text:
        sys.stderr.write(f"{done:4.0%} {text:<60.60}{end}")
        sys.stderr.flush()


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
