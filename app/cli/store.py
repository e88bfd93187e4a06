"""Commands on the store itself: what it holds, how its log lies, a backup of it, and a store made of a backup."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, progress, store_folder, user_name
from app.cli.outputs import filling
from core.governance.history import history as history_of
from core.governance.permissions import Permission
from core.governance.users import Users
from core.kernel import backup as backups
from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.kernel.ledger import STREAMS
from core.workbench import Workbench

group = typer.Typer(help="The store itself: info, compact, backup, restore.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="store")


@group.command(epilog="Example: leadbench store info --json")
def info(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """How much the store holds, how its log lies, and which versions are active."""
    with opened(store) as bench:
        found = describe(bench)
    emit(found, lambda: "\n".join(f"{key}: {value}" for key, value in found.items()))


@group.command(epilog="Example: leadbench store compact --as root")
def compact(
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the log anew in the order of lead and time, typed properties in columns of their own; no event changes."""
    with acting(store, as_user, Permission.MAINTAIN) as (bench, actor):
        made = bench.rooms.signals.compact(actor=actor)
    found = asdict(made) | {"columns": list(made.columns)}
    emit(found, lambda: f"{made.events:,} events in order, {made.tail:,} of them from the tail")


def describe(bench: Workbench) -> dict[str, Any]:
    """What the store holds: counts and bytes, how the log lies, active versions, the ledger's head and revisions."""
    verification = bench.db.verify()
    active = history_of(bench.rooms.releases)["active"]
    return {
        "store": str(bench.db.directory),
        "bytes": sum(path.stat().st_size for path in bench.db.directory.rglob("*") if path.is_file()),
        **bench.rooms.signals.summary(),
        "layout": bench.rooms.signals.layout().to_json(),
        "decisions": bench.rooms.decisions.count(),
        "models": bench.rooms.models.list().height,
        "policy": active,
        "ledger_entries": verification.entries,
        "ledger_head": verification.head,
        "revisions": bench.db.revisions(*STREAMS),
    }


@group.command(epilog="Example: leadbench store backup backups/monday.tar.zst --as root")
def backup(
    to: Annotated[Path, typer.Argument(help="A new folder, or a new .tar.zst or .tar.gz file.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the store, keys included, while it is in use; the copy is opened and verified. Keep it safe."""
    with acting(store, as_user, Permission.MAINTAIN) as (bench, _), filling(to):
        made = backups.back_up(bench.db, to, progress)
    emit({"backup": str(to), **made.to_json()}, lambda: _told(made, f"Backed up to {to}"))


@group.command(epilog="Example: leadbench store restore backups/monday.tar.zst --store restored --as root")
def restore(
    backup: Annotated[Path, typer.Argument(help="A folder or file that `store backup` made.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a store of a backup in a new or empty folder; a damaged backup is refused and nothing is left."""
    folder, name = store_folder(store), user_name(as_user)
    made = backups.restore(backup, folder, SystemClock(), lambda db: _may_restore(db, name), progress)
    emit({"store": str(folder), **made.to_json()}, lambda: _told(made, f"Restored to {folder}"))


def _may_restore(db: Database, name: str | None) -> None:
    """Whoever restores must be allowed to by the users that the backup holds."""
    users = Users(db)
    users.require(users.identity(name).name, Permission.MAINTAIN)


def _told(made: backups.Manifest, what: str) -> str:
    told = made.to_json()
    return (
        f"{what}: {told['files']} files, {told['bytes']:,} bytes, {told['ledger_entries']:,} ledger entries, verified."
    )
