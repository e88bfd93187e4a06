"""Commands on the outbox: what other systems are told of moves, sending it, and letting dead messages go again."""

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table
from core.decisions.errors import MessageUnknown
from core.decisions.outbox import deliver as send
from core.decisions.sinks import sink_of
from core.decisions.store_outbox import STATUSES, OutboxStore
from core.governance.permissions import Permission

group = typer.Typer(help="Messages to other systems: list, deliver, retry.", no_args_is_help=True)
COLUMNS = ["message_id", "status", "kind", "name", "lead_id", "attempts", "error"]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="outbox")


@group.command("list", epilog="Example: leadbench outbox list --status dead")
def list_messages(
    status: Annotated[
        Literal["waiting", "delivered", "dead", "gone"] | None, typer.Option("--status", help="Only these.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many at most, the newest.")] = 50,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The newest messages, and how many there are by status."""
    with opened(store) as bench:
        found = OutboxStore(bench.db)
        counts, rows = found.counts(), found.listed(status, limit).to_dicts()
    counts = {name: counts.get(name, 0) for name in STATUSES}
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    emit({"counts": counts, "messages": rows}, lambda: f"{table(rows, COLUMNS)}\n{told}.")


@group.command(epilog="Example: leadbench outbox deliver --as ana")
def deliver(store: StoreOption = None, as_user: AsOption = None, as_json: JsonOption = False) -> None:
    """Send what is due, once; a server does it by itself. Where to: $LEADBENCH_OUTBOX_URL, else a file in the store."""
    with acting(store, as_user, Permission.SCORE) as (bench, _):
        done = asdict(send(bench.db, sink_of(bench.db.settings, bench.db.directory)))
    emit(done, lambda: ", ".join(f"{count:,} {name}" for name, count in done.items()) + ".")


@group.command(epilog="Example: leadbench outbox retry --all --as ana")
def retry(
    message_id: Annotated[str | None, typer.Argument(help="The id that `outbox list` shows.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every dead message.")] = False,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let dead messages wait for delivery anew."""
    if (message_id is None) != every:
        raise typer.BadParameter("name one message, or give --all")
    with acting(store, as_user, Permission.SCORE) as (bench, actor):
        found = OutboxStore(bench.db)
        count = found.retry([message_id] if message_id else found.dead(), actor)
    if message_id and not count:
        raise MessageUnknown(message_id)
    emit({"retried": count}, lambda: f"{count:,} dead messages wait for delivery again.")
