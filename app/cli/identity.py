"""Commands on identity: who belongs to whom and since when, and separating what does not belong together."""

from datetime import datetime
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table
from core.governance.permissions import Permission
from core.kernel.times import from_text

group = typer.Typer(help="Identity: which ids are one lead, since when, and why.", no_args_is_help=True)
LeadArgument = Annotated[str, typer.Argument(help="A lead's id, or an id that was merged into one.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="identity")


@group.command("list", epilog="Example: leadbench identity list --json")
def list_identities(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Leads that are known under several ids, latest merge first."""
    with opened(store) as bench:
        counts = bench.rooms.signals.identities.counts()
        rows = bench.rooms.signals.identities.list().to_dicts()
    shown = ["lead_id", "ids", "last_merge_at", "origins"]
    emit({**counts, "items": rows}, lambda: table(rows, shown) if rows else "No ids were merged.")


@group.command(epilog="Example: leadbench identity show ld_10042 --at 2026-05-01 --json")
def show(
    lead: LeadArgument,
    at: Annotated[str | None, typer.Option("--at", help="As known at this time (ISO 8601); default: now.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The history of one identity: its ids, since when they belong together, and who said so."""
    with opened(store) as bench:
        found = bench.rooms.signals.identities.show(lead, _moment(at))
    emit(found, lambda: _text(found))


@group.command(epilog="Example: leadbench identity unmerge visitor_9 --reason 'two people, one laptop' --as ana")
def unmerge(
    lead: Annotated[str, typer.Argument(help="The id that was merged, not the lead that remains.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Separate an id from its lead from now on; what was known before stays as it was."""
    with acting(store, as_user, Permission.CURATE) as (bench, actor):
        root = bench.rooms.signals.unmerge(lead, reason=reason, actor=actor)
    emit({"lead_id": lead, "from": root}, lambda: f"`{lead}` no longer belongs to `{root}`.")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)


def _text(found: dict[str, Any]) -> str:
    parts = [
        f"{found['lead_id']} belongs to {found['root']}",
        table(found["members"], ["lead_id", "anonymous", "events", "first_at", "last_at"]),
    ]
    for title, rows, columns in (
        ("Since when", found["intervals"], ["from_id", "into_id", "known_from", "known_until", "origin"]),
        (
            "Who said so",
            found["statements"],
            ["kind", "from_id", "into_id", "received_at", "origin", "state", "reason"],
        ),
        ("Accounts", found["accounts"], ["account_id", "valid_from", "origin"]),
    ):
        parts += ["", title, table(rows, columns)] if rows else []
    return "\n".join(parts)
