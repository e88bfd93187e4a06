"""Commands that carry out what a policy says of time: the sweep of states and agreed times, and retention."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, user_name
from app.cli.outputs import require_places, written
from core.decisions.sinks import FILE
from core.governance import retention
from core.governance.permissions import Permission
from core.kernel.times import from_text, to_text
from core.recipes.arriving import Choice
from core.recipes.sweeping import LAG
from core.recipes.sweeping import sweep as sweep_leads


def register(group: typer.Typer) -> None:
    """Add the commands of this module to the policy commands."""
    group.command(epilog="Example: leadbench policy sweep --as ana")(sweep)
    group.command("retain", epilog="Example: leadbench policy retain --out plan.json")(retain)


def sweep(
    at: Annotated[str | None, typer.Option("--at", help="As of this time; default five seconds ago.")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide again the leads whose state timed out or whose agreed time passed; a server does it each minute."""
    with acting(store, as_user, Permission.SCORE) as (bench, _):
        moment = from_text(at) if at else bench.db.clock.now() - LAG
        done = sweep_leads(bench.rooms, Choice(bench.rooms), moment)
    told = f"{done.timed_out:,} leads timed out, {done.breached:,} passed their agreed time"
    told += f", of {done.contested:,} a contest began or ended" if done.contested else ""
    emit({"at": to_text(moment), **asdict(done)}, lambda: f"{told}; they were decided again.")


def retain(
    ask: Annotated[bool, typer.Option("--ask", help="Ask somebody else to approve what would go now.")] = False,
    apply: Annotated[
        str | None, typer.Option("--apply", metavar="HASH", help="Approve and delete what somebody else asked for.")
    ] = None,
    refuse: Annotated[
        str | None, typer.Option("--refuse", metavar="HASH", help="Refuse what somebody else asked for.")
    ] = None,
    comment: Annotated[str, typer.Option("--comment", help="Why it is refused; needed for that.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="File for what is told, certificate included (JSON).")
    ] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which decisions `privacy.retention_days` keeps no longer; two people can have them deleted."""
    if ask + (apply is not None) + (refuse is not None) > 1:
        raise typer.BadParameter("Give one of --ask, --apply and --refuse: two people have to agree.")
    require_places(out)
    certificate = None
    with opened(store) as bench:
        db, users = bench.db, bench.rooms.users
        if refuse is not None:
            plan = retention.refuse(db, refuse, comment, bench.identity(user_name(as_user)), users)
        elif apply is not None:
            plan, certificate = retention.apply(db, apply, bench.identity(user_name(as_user)), users)
        else:
            plan = retention.ask(db, bench.identity(user_name(as_user)), users) if ask else retention.plan(db)
        told = {"plan": plan.hash, **asdict(plan), "stays": retention.stays(db, plan), "waiting": retention.waiting(db)}
    state = "done" if certificate else "asked" if ask else "refused" if refuse is not None else "planned"
    told |= {"state": state, "certificate": certificate}
    written(out, (json.dumps(told, indent=2) + "\n").encode())
    emit(told, lambda: _retained(told))


def _retained(told: dict[str, Any]) -> str:
    count = told["leaves"]["count"]
    lines = [f"{number:,} {table} older than their time stay." for table, number in told["stays"].items()]
    lines += [
        f"{one['asked_by']} asked on {one['asked_at'][:10]} to delete {one['decisions']:,} decisions; somebody else"
        f" approves (leadbench policy retain --apply {one['plan']}) or gives --refuse."
        for one in told["waiting"]
    ]
    said = {
        "planned": f"{count:,} decisions would go; to have them deleted, give --ask.",
        "refused": f"{count:,} decisions stay: their deletion is refused.",
        "asked": f"{count:,} decisions go when somebody else approves.",
        "done": f"{count:,} decisions went; {FILE}, backups and exports still hold what was written there.",
    }
    return "\n".join([said[told["state"]], *lines])
