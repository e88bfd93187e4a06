"""Commands that carry out what a policy says of time: the sweep of states and agreed times, and retention."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, emit, opened, speak, user_name
from app.cli.outputs import require_places, written
from core.governance import retention
from core.governance.permissions import Permission
from core.kernel.times import from_text, to_text
from core.recipes.arriving import Choice
from core.recipes.sweeping import LAG
from core.recipes.sweeping import sweep as sweep_leads


def register(group: typer.Typer) -> None:
    """Add the commands of this module to the policy commands."""
    group.command(epilog="Example: leadbench policy sweep --as ana")(sweep)
    group.command("retain", epilog="Example: leadbench policy retain --out certificates.json --as pat")(retain)


def sweep(
    at: Annotated[str | None, typer.Option("--at", help="As of this time; default five seconds ago.")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide again the leads whose state timed out or whose agreed time passed; a server does it each minute."""
    speak(as_json)
    with opened(store) as bench:
        bench.identity(user_name(as_user), permission=Permission.SCORE)
        moment = from_text(at) if at else bench.db.clock.now() - LAG
        done = sweep_leads(bench.rooms, Choice(bench.rooms), moment)
    told = f"{done.timed_out:,} leads timed out, {done.breached:,} passed their agreed time"
    emit({"at": to_text(moment), **asdict(done)}, lambda: f"{told}; they were decided again.")


def retain(
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would go.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File for the certificates (JSON).")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what `privacy.retention_days` keeps no longer, with signed certificates; a server does it once a day."""
    speak(as_json)
    require_places(out)
    certificates: list[dict[str, Any]] = []
    with opened(store) as bench:
        if plan:
            due = retention.plan(bench.db)
        else:
            due, certificates = retention.retain(bench.db, bench.identity(user_name(as_user)), bench.rooms.users)
    written(out, (json.dumps(certificates, indent=2) + "\n").encode())
    told = ", ".join(f"{count:,} {table}" for table, count in due.rows.items() if count) or "nothing"
    emit(due.to_json() | {"done": not plan, "certificates": certificates},
         lambda: f"{told} {'would go' if plan else 'went'}.")  # fmt: skip
