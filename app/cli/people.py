"""Commands on people: users and their roles."""

from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table
from core.governance.users import User

users = typer.Typer(help="People and their roles.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(users, name="users")


@users.command(epilog="Example: leadbench users add mara --role reviewer --as root")
def add(
    name: str,
    role: Annotated[str, typer.Option("--role", help="viewer, analyst, reviewer, leader, privacy or admin.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a person with a role."""
    with acting(store, as_user) as (bench, actor):
        user = bench.rooms.users.add(name, role, actor=actor)
    emit(_user(user), lambda: f"Added {user.name} as {user.role.value}.")


@users.command("list", epilog="Example: leadbench users list --json")
def list_users(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Everybody who may act on this store."""
    with opened(store) as bench:
        rows = [_user(user) for user in bench.rooms.users.list()]
    emit({"users": rows}, lambda: table(rows, ["name", "role", "active"]))


@users.command(epilog="Example: leadbench users disable mara --as root")
def disable(name: str, store: StoreOption = None, as_user: AsOption = None, as_json: JsonOption = False) -> None:
    """Take a person's access away; the history stays."""
    with acting(store, as_user) as (bench, actor):
        bench.rooms.users.disable(name, actor=actor)
    emit({"name": name, "active": False}, lambda: f"{name} may no longer act.")


def _user(user: User) -> dict[str, Any]:
    return {"name": user.name, "role": user.role.value, "active": not user.disabled}
