"""Commands on sources: what each brings, its data contract, letting it in again, and what came too late."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table
from app.cli.inputs import object_in
from core.decisions.outdated import outdated
from core.governance.permissions import Permission

group = typer.Typer(help="Sources: freshness, lateness, contracts, breakers.", no_args_is_help=True)
SourceArgument = Annotated[str, typer.Argument(help="web, mobile, crm, product or third_party.")]
SHOWN = ["source", "events", "late", "duplicate", "flagged", "last_received_at", "watermark", "contract", "breaker"]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="sources")


@group.command("list", epilog="Example: leadbench sources list --json")
def list_sources(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Every source with its events, its watermark, and whether it is silent or held back."""
    with opened(store) as bench:
        rows = bench.rooms.signals.sources.all()
    emit({"sources": rows}, lambda: table(rows, SHOWN) if rows else "No event has come yet.")


@group.command(epilog="Example: leadbench sources contract web --json")
def contract(
    source: SourceArgument,
    learn: Annotated[bool, typer.Option("--learn", help="Show what its history suggests, not what holds.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The contract that holds for a source, or what its history suggests."""
    with opened(store) as bench:
        sources = bench.rooms.signals.sources
        held = None if learn else sources.confirmed(source)
        document = (held or sources.learned(source)).to_json()
    state = "confirmed" if held else "learned"
    emit({"source": source, "state": state, "contract": document}, lambda: _contract_text(source, state, document))


@group.command(epilog="Example: leadbench sources confirm web --file web_contract.yaml --as ana")
def confirm(
    source: SourceArgument,
    file: Annotated[
        Path | None, typer.Option("--file", help="YAML or JSON; default: what the history suggests.")
    ] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a contract hold: from now on a batch that breaks it waits in quarantine."""
    given = object_in(file, "contract") if file else None
    with acting(store, as_user, Permission.CURATE) as (bench, actor):
        sources = bench.rooms.signals.sources
        chosen = given if given is not None else sources.learned(source).to_json()
        document = sources.confirm(source, chosen, actor).to_json()
    emit(
        {"source": source, "state": "confirmed", "contract": document},
        lambda: _contract_text(source, "confirmed", document),
    )


@group.command(epilog="Example: leadbench sources close web --reason 'the form is repaired' --as ana")
def close(
    source: SourceArgument,
    reason: Annotated[str, typer.Option("--reason", help="What was repaired; it goes into the ledger.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a source's breaker: it may send again; what waits is re-driven with `quarantine redrive`."""
    with acting(store, as_user, Permission.CURATE) as (bench, actor):
        bench.rooms.signals.sources.close(source, reason, actor)
    emit({"source": source, "breaker": "closed"}, lambda: f"`{source}` is let in again.")


@group.command(epilog="Example: leadbench sources late --json")
def late(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Late events by source, and the standing decisions whose features would differ now."""
    with opened(store) as bench:
        counts = [{"source": one["source"], "late": one["late"]} for one in bench.rooms.signals.sources.all()]
        items = [one.to_json() for one in outdated(bench.db, bench.rooms.features.get)]
    emit({"sources": counts, "count": len(items), "decisions": items}, lambda: _late_text(items))


def _contract_text(source: str, state: str, document: dict[str, Any]) -> str:
    return "\n".join([f"{source}: {state}", *(f"  {name}: {value}" for name, value in document.items())])


def _late_text(items: list[dict[str, Any]]) -> str:
    if not items:
        return "No standing decision would see other features now."
    rows = [
        {**one, "causes": ", ".join(one["causes"]), "features": ", ".join(each["feature"] for each in one["changes"])}
        for one in items
    ]
    return table(rows, ["lead_id", "as_of", "causes", "features"])
