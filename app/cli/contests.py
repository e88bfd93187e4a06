"""Commands on contested decisions: asking for a person's look, what waits, and the person's word."""

from typing import Annotated, Any, Literal

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table
from core.decisions.store_contests import ContestStore
from core.kernel.database import Database
from core.kernel.times import to_text
from core.recipes import contesting
from core.recipes.arriving import Choice
from core.signals.store_pages import SignalPages

group = typer.Typer(help="Contested decisions: ask, list, settle.", no_args_is_help=True)
COLUMNS = ["contest_id", "lead_id", "route", "due_at", "verdict", "reason"]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="contests")


@group.command(epilog='Example: leadbench contests ask c-17 --reason "The lead disputes its region" --as ana')
def ask(
    lead_id: Annotated[
        str, typer.Argument(help="The lead, by id or as shown (no-17); its newest decision is contested.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="What is contested; kept in the store.")] = "",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for a person's look: the lead is held in the queue that the policy names until somebody decided."""
    with acting(store, as_user) as (bench, actor):
        named = SignalPages(bench.db).id_of(lead_id)
        asked = contesting.contest(bench.rooms, Choice(bench.rooms), named, reason, actor)
        row = _row(bench.db, asked.contest_id)
    emit(row, lambda: f"{asked.contest_id}: {lead_id} waits in {asked.route} until {to_text(asked.due_at)}.")


@group.command("list", epilog="Example: leadbench contests list --open")
def list_contests(
    only_open: Annotated[bool, typer.Option("--open", help="Only those that wait for a person.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Contested decisions, the most pressing first."""
    with opened(store) as bench:
        rows = [_shown(row) for row in ContestStore(bench.db).listed(only_open=only_open).iter_rows(named=True)]
    told = [row | {"due_at": to_text(row["due_at"])} for row in rows]
    emit({"contests": rows}, lambda: table(told, COLUMNS) if rows else "Nothing is contested.")


@group.command(epilog='Example: leadbench contests settle c0001 upheld --comment "The data are right" --as rita')
def settle(
    contest_id: Annotated[str, typer.Argument(help="The id that `contests list` shows.")],
    verdict: Annotated[
        Literal["upheld", "changed"], typer.Argument(help="Let the rules decide again, or keep it with people.")
    ],
    comment: Annotated[str, typer.Option("--comment", help="What the person decided, and why.")] = "",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note what a person decided; the lead is decided by it at once."""
    with acting(store, as_user) as (bench, actor):
        contesting.settle(bench.rooms, Choice(bench.rooms), contest_id, verdict, comment, actor)
        row = _row(bench.db, contest_id)
    emit(row, lambda: f"{contest_id} is {verdict}.")


def _row(db: Database, contest_id: str) -> dict[str, Any]:
    return _shown(ContestStore(db).listed(only_open=False).filter(contest_id=contest_id).row(0, named=True))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "shown_id"} | {"lead_id": row["shown_id"]}
