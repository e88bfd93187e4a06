"""Commands on models: which there are, and trusting one as a second person."""

from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, emit, opened, speak, table, user_name
from core.recipes.rooms import Rooms

group = typer.Typer(help="Models: list, approve.", no_args_is_help=True)
SHOWN = ("version", "name", "auc", "trees", "features", "approved", "registered_at")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="models")


@group.command("list", epilog="Example: leadbench models list --json")
def list_models(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Every trained model, and the one that scores."""
    speak(as_json)
    with opened(store) as bench:
        champion = bench.rooms.models.champion()
        rows = _rows(bench.rooms)
    emit({"champion": champion.version if champion else None, "models": rows}, lambda: table(rows, SHOWN))


@group.command(epilog='Example: leadbench models approve 1 --as rita --comment "Figures checked."')
def approve(
    version: Annotated[str, typer.Argument(help="A version, a hash, or its first 8 or more digits.")],
    comment: Annotated[str, typer.Option("--comment", help="What the reviewer says; kept in the record.")] = "",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trust a model that you did not train; with a published policy its decisions are live from then on."""
    speak(as_json)
    with opened(store) as bench:
        rooms, found = bench.rooms, bench.rooms.models.version(version)
        actor = bench.identity(user_name(as_user))
        rooms.model_releases.approve_model(found.model_hash, found.version, actor, comment or None)
    told = {"version": found.version, "model_hash": found.model_hash, "approved": True}
    emit(told, lambda: f"Model {found.version} is approved by {actor}.")


def _rows(rooms: Rooms) -> list[dict[str, Any]]:
    rows = rooms.models.list().to_dicts()
    return [row | {"approved": rooms.model_releases.is_approved(row["model_hash"])} for row in rows]
