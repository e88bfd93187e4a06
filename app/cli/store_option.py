"""What every command on a store has beside its own options: `--offline`, and paths meant from the caller's folder."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.call import current

OfflineOption = Annotated[
    bool,
    typer.Option("--offline", help="Refuse where a server holds the store, instead of letting it carry this out."),
]


def complete(app: typer.Typer) -> None:
    """Give every command with a `store` parameter, of the app and its groups, the `--offline` option."""
    for command in app.registered_commands:
        if command.callback and "store" in inspect.signature(command.callback).parameters:
            command.callback = _with_offline(command.callback)
    for group in app.registered_groups:
        if group.typer_instance:
            complete(group.typer_instance)


def _with_offline(command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def carried_out(*, offline: bool, **options: Any) -> Any:
        current().offline = offline
        return command(**{name: _from_callers_folder(value) for name, value in options.items()})

    offline = inspect.Parameter("offline", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=OfflineOption)
    signature = inspect.signature(command)
    changed = signature.replace(parameters=[*signature.parameters.values(), offline])
    carried_out.__signature__ = changed  # type: ignore[attr-defined]
    carried_out.__annotations__ = command.__annotations__ | {"offline": OfflineOption}
    return carried_out


def _from_callers_folder(value: Any) -> Any:
    caller = current().caller
    return caller.folder / value if caller and isinstance(value, Path) else value
