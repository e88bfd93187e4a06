"""The command that erases one person."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, table
from core.governance import erasing


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(epilog="Example: leadbench erase c-17 --request DSR-2026-14 --as pat")(erase)


def erase(
    lead_id: Annotated[str, typer.Argument(help="The person's lead; every id that is merged with it goes too.")],
    request: Annotated[str, typer.Option("--request", help="The request that asks for it; kept in the ledger.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Shred the keys of one person's personal values, for ever, and say what holds something of them still."""
    with acting(store, as_user) as (bench, actor):
        done = erasing.erase(bench.db, lead_id, request, actor, bench.rooms.users)
    emit(asdict(done), lambda: _text(asdict(done)))


def _text(told: dict[str, Any]) -> str:
    lines = [
        f"{', '.join(told['ids'])}: keys shredded: {told['keys']:,}, texts blanked: {told['texts']:,}.",
        table(told["sinks"], ["sink", "rows", "state"]),
        "Copies made before - backups, exports, models - are not reached; let backups with keys expire within 30 days.",
    ]
    if told["is_id_personal"]:
        lines.append("An id is itself an address: it stays wherever the id stands.")
    return "\n".join(lines)
