"""Commands on leads by hand: overruling decisions, taking that back, and what was said."""

from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table
from core.decisions.store_overrides import Kind, OverrideStore
from core.governance.overrides import Override
from core.kernel.database import Database
from core.kernel.times import from_text, naive, to_text
from core.signals.store_pages import SignalPages

group = typer.Typer(help="Leads by hand: override, undo, overrides.", no_args_is_help=True)
COLUMNS = ["override_id", "lead_id", "kind", "pool", "assignee", "actor", "until", "state", "reason"]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="lead")


@group.command(epilog='Example: leadbench lead override c-17 c-23 --snooze --until 2026-12-07 --reason "Away" --as ana')
def override(
    lead_ids: Annotated[
        list[str], typer.Argument(help="The leads, by id or as shown (no-17); all are overruled, or none.")
    ],
    pool: Annotated[str | None, typer.Option("--pool", help="Route them to this pool of the policy.")] = None,
    assignee: Annotated[str | None, typer.Option("--assignee", help="Give them to this rep.")] = None,
    snooze: Annotated[bool, typer.Option("--snooze", help="Take them off the queue until the end.")] = False,
    until: Annotated[str | None, typer.Option("--until", help="The end, ISO 8601 UTC; default in 14 days.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the store.")] = "",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Overrule the newest decisions of leads by hand: route, assign, or snooze; the records stay as they are.

    One lead that is unknown, undecided, closed, denied or contested refuses the whole list; Leads acts on the others.
    """
    if snooze == bool(pool or assignee):
        raise typer.BadParameter("Give --pool, --assignee or both, or else --snooze.")
    kind = Kind.SNOOZE if snooze else Kind.ROUTE if pool else Kind.ASSIGN
    said = Override(kind, reason, pool, assignee, from_text(until) if until else None)
    with acting(store, as_user) as (bench, actor):
        named = [SignalPages(bench.db).id_of(one) for one in lead_ids]
        override_id = bench.rooms.overrides.place(said, named, actor)
        rows = _rows(bench.db, override_id)
    emit({"override_id": override_id, "overrides": rows}, lambda: f"{override_id}\n{table(_told(rows), COLUMNS)}")


@group.command(epilog="Example: leadbench lead undo o123 --as ana")
def undo(
    override_id: Annotated[str, typer.Argument(help="The id that `lead overrides` shows.")],
    lead_id: Annotated[
        str | None, typer.Option("--lead", help="Only on this lead; default on all of the action.")
    ] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """End what was said by hand; what was said before, or else the policy, counts again."""
    with acting(store, as_user) as (bench, actor):
        named = SignalPages(bench.db).id_of(lead_id) if lead_id else None
        ended = bench.rooms.overrides.end(override_id, actor, named)
    emit({"override_id": override_id, "ended": ended}, lambda: f"{override_id} is undone on {ended:,} leads.")


@group.command("overrides", epilog="Example: leadbench lead overrides --standing")
def list_overrides(
    standing: Annotated[bool, typer.Option("--standing", help="Only those that are not over.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """What people said by hand about leads, newest first."""
    with opened(store) as bench:
        rows = [one for one in _rows(bench.db) if one["state"] == "stands" or not standing]
    emit({"overrides": rows}, lambda: table(_told(rows), COLUMNS) if rows else "Nothing was overruled by hand.")


def _rows(db: Database, override_id: str | None = None) -> list[dict[str, Any]]:
    found, now = OverrideStore(db).listed(), naive(db.clock.now())
    rows = found.filter(override_id=override_id) if override_id else found
    return [_shown(row, is_over=row["over_at"] <= now) for row in rows.to_dicts()]


def _shown(row: dict[str, Any], *, is_over: bool) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if name not in ("shown_id", "over_at")}
    return told | {"lead_id": row["shown_id"], "state": "over" if is_over else "stands"}


def _told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"until": to_text(row["until"])} for row in rows]
