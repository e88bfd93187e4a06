"""Commands that carry out what a policy says of time and people: the sweep of states and agreed times."""

from dataclasses import asdict
from typing import Annotated

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, emit, opened, speak, user_name
from core.governance.permissions import Permission
from core.kernel.times import from_text, to_text
from core.recipes.arriving import Choice
from core.recipes.sweeping import sweep as sweep_leads


def register(group: typer.Typer) -> None:
    """Add the commands of this module to the policy commands."""
    group.command(epilog="Example: leadbench policy sweep --as ana")(sweep)


def sweep(
    at: Annotated[str | None, typer.Option("--at", help="As of this time; default now.")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide again the leads whose state timed out or whose agreed time passed; a server does it each minute."""
    speak(as_json)
    with opened(store) as bench:
        bench.identity(user_name(as_user), permission=Permission.SCORE)
        moment = from_text(at) if at else bench.db.clock.now()
        done = sweep_leads(bench.rooms, Choice(bench.rooms), moment)
    told = f"{done.timed_out:,} leads timed out, {done.breached:,} passed their agreed time"
    emit({"at": to_text(moment), **asdict(done)}, lambda: f"{told}; they were decided again.")
