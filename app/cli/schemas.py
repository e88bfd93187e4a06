"""Commands on event schemas: which versions there are, and registering a new one."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table
from app.cli.inputs import text_in
from core.governance.permissions import Permission

schemas = typer.Typer(help="Schemas of event types, and their versions.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(schemas, name="schemas")


@schemas.command("list", epilog="Example: leadbench schemas list --json")
def list_schemas(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Every registered version, newest first within its type, and how many stored events are of it."""
    with opened(store) as bench:
        rows = [_shown(row) for row in bench.rooms.signals.schemas().iter_rows(named=True)]
    told = [row | {"properties": ", ".join(f"{n} {kind}" for n, kind in row["properties"].items())} for row in rows]
    emit(
        {"schemas": rows},
        lambda: (
            table(told, ["type", "version", "newest", "events", "properties"]) if rows else "No schema is registered."
        ),
    )


@schemas.command("register", epilog="Example: leadbench schemas register data/event_schemas/demo_requested.yaml")
def register_schema(
    path: Annotated[Path, typer.Argument(help="YAML document of one version of one event type.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a new version; one that breaks what the version before wrote is refused unless `upcast` says what to do."""
    text = text_in(path, "schema file")
    with acting(store, as_user, Permission.CURATE, default=True, create=True) as (bench, actor):
        found, new = bench.rooms.signals.register_schema(text, str(path), actor=actor)
    shown = {"type": found.type, "version": found.version, "content_hash": found.content_hash, "new": new}
    emit(shown, lambda: f"{found.name} is {'registered' if new else 'registered already; nothing changed'}.")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    declared = json.loads(row["document"]).get("properties") or {}
    return {
        "type": row["type"],
        "version": row["version"],
        "newest": row["newest"],
        "properties": {name: about["type"] for name, about in declared.items()},
        "events": row["events"],
        "registered_at": row["registered_at"].isoformat() + "Z",
        "actor": row["actor"],
        "content_hash": row["content_hash"],
    }
