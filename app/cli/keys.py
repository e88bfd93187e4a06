"""Commands on write keys: who may send events to the server."""

from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table
from core.governance.write_keys import WriteKey

keys = typer.Typer(help="Write keys: who may send events over HTTP.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(keys, name="keys")


@keys.command(epilog="Example: leadbench keys issue --source web-site --as root")
def issue(
    source: Annotated[str, typer.Option("--source", help="The label of what is sent with the key.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """A new write key, printed once; the store keeps its hash only."""
    with acting(store, as_user) as (bench, actor):
        key, text = bench.rooms.write_keys.issue(source, actor=actor)
    emit(_key(key) | {"key": text}, lambda: f"{text}\nThis is shown once: {key.key_id}, source {key.source}.")


@keys.command("list", epilog="Example: leadbench keys list --json")
def list_keys(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Every write key that was issued."""
    with opened(store) as bench:
        rows = [_key(key) for key in bench.rooms.write_keys.list()]
    emit({"keys": rows}, lambda: table(rows, ["key_id", "source", "issued_at", "issued_by", "active"]))


@keys.command(epilog="Example: leadbench keys revoke k001 --as root")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The id that `keys list` shows.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a key's access away at once."""
    with acting(store, as_user) as (bench, actor):
        key = bench.rooms.write_keys.revoke(key_id, actor=actor)
    emit(_key(key), lambda: f"{key.key_id} of {key.source} no longer opens the door.")


def _key(key: WriteKey) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "source": key.source,
        "issued_at": key.issued_at,
        "issued_by": key.issued_by,
        "active": key.active,
    }
