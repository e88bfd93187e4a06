"""Commands on contested decisions: asking for a person's look, what waits, and the person's word."""

from typing import Annotated, Any, Literal

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, emit, opened, speak, table, user_name
from core.decisions.store_contests import ContestStore
from core.kernel.times import to_text
from core.recipes import contesting
from core.recipes.arriving import Choice

group = typer.Typer(help="Contested decisions: ask, list, settle.", no_args_is_help=True)
COLUMNS = ["contest_id", "lead_id", "route", "due_at", "verdict", "reason"]
TIMES = ("asked_at", "due_at", "settled_at")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="contests")


@group.command(epilog='Example: leadbench contests ask c-17 --reason "The lead disputes its region" --as ana')
def ask(
    lead_id: Annotated[str, typer.Argument(help="The lead whose newest decision is contested.")],
    reason: Annotated[str, typer.Option("--reason", help="What is contested; kept in the store.")] = "",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for a person's look: the lead is held in the queue that the policy names until somebody decided."""
    speak(as_json)
    with opened(store) as bench:
        actor = bench.identity(user_name(as_user))
        asked = contesting.contest(bench.rooms, Choice(bench.rooms), lead_id, reason, actor)
        row = _row(bench.db, asked.contest_id)
    emit(row, lambda: f"{asked.contest_id}: {lead_id} waits in {asked.route} until {to_text(asked.due_at)}.")


@group.command("list", epilog="Example: leadbench contests list --open")
def list_contests(
    only_open: Annotated[bool, typer.Option("--open", help="Only those that wait for a person.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Contested decisions, the most pressing first."""
    speak(as_json)
    with opened(store) as bench:
        rows = [_shown(row) for row in ContestStore(bench.db).listed(only_open=only_open).iter_rows(named=True)]
    emit({"contests": rows}, lambda: table(rows, COLUMNS) if rows else "Nothing is contested.")


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
    speak(as_json)
    with opened(store) as bench:
        actor = bench.identity(user_name(as_user))
        contesting.settle(bench.rooms, Choice(bench.rooms), contest_id, verdict, comment, actor)
        row = _row(bench.db, contest_id)
    emit(row, lambda: f"{contest_id} is {verdict}.")


def _row(db: Any, contest_id: str) -> dict[str, Any]:
    return _shown(ContestStore(db).listed(only_open=False).filter(contest_id=contest_id).row(0, named=True))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    told = row | {name: to_text(row[name]) if row[name] else None for name in TIMES}
    return told | {"lead_id": told.pop("shown_id")}
