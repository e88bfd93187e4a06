"""Commands on the policies of a store: the way from draft to published and back."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.cli import policy_documents, policy_rollout, policy_simulation, policy_upkeep
from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, progress, table
from app.cli.policy_documents import FileArgument, read_document
from core.governance.history import history as history_of
from core.governance.releases import Releases
from core.governance.standing import Standing
from core.kernel.times import from_text
from core.policy.states import State

group = typer.Typer(help="Policies: check, simulate, approve, publish, roll back.", no_args_is_help=True)
RefArgument = Annotated[str, typer.Argument(help="NAME@12 digits, a full hash, or NAME@vN once published.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]
CommentOption = Annotated[str, typer.Option("--comment", help="What the reviewer says; kept in the record.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module, and those on documents alone."""
    policy_documents.register(group)
    policy_simulation.register(group)
    policy_rollout.register(group)
    policy_upkeep.register(group)
    app.add_typer(group, name="policy")


@group.command(epilog="Example: leadbench policy submit policies/default.yaml --as ana")
def submit(
    file: FileArgument, store: StoreOption = None, as_user: AsOption = None, as_json: JsonOption = False
) -> None:
    """Hand a document in for review."""
    text = read_document(file)
    _step(store, as_user, lambda releases, actor: releases.submit(text, str(file), actor, progress=progress))


@group.command(epilog='Example: leadbench policy approve default@1a2b3c4d5e6f --as rita --comment "Checked."')
def approve(
    ref: RefArgument,
    comment: CommentOption = "",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a submitted version that you never edited."""
    _step(store, as_user, lambda releases, actor: releases.approve(ref, actor, comment))


@group.command(epilog='Example: leadbench policy refuse default@1a2b3c4d5e6f --as rita --comment "Too strict."')
def refuse(
    ref: RefArgument,
    comment: CommentOption,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse a submitted version, with the reason."""
    _step(store, as_user, lambda releases, actor: releases.refuse(ref, actor, comment))


@group.command(epilog='Example: leadbench policy publish default@1a2b3c4d5e6f --as ana --reason "Q1 capacity"')
def publish(
    ref: RefArgument,
    reason: ReasonOption,
    at: Annotated[str | None, typer.Option("--at", help="Publish at this time instead of now.")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an approved version the active one, now or at a time; what its document plans as rollout begins then."""
    if at is not None:
        _step(store, as_user, lambda releases, actor: releases.later(ref, actor, reason, from_text(at)))
    else:
        _step(store, as_user, lambda releases, actor: releases.publish(ref, actor, reason))


@group.command(epilog='Example: leadbench policy rollback default --as rita --reason "Too many held leads"')
def rollback(
    name: Annotated[str, typer.Argument(help="Name of the policy.")],
    reason: ReasonOption,
    to: Annotated[str | None, typer.Option("--to", help="The version to go back to; by default the parent.")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the parent of the active version decide again, or another that was once approved; it is reviewed after."""
    _step(store, as_user, lambda releases, actor: releases.rollback(name, actor, reason, to))


@group.command(epilog="Example: leadbench policy history default --json")
def history(
    name: Annotated[str | None, typer.Argument(help="Name of the policy; all where absent.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every version with its state and who did what."""
    with opened(store) as bench:
        found = history_of(bench.rooms.releases, name)
    emit(found, lambda: table(found["versions"], ["ref", "version", "state", "at"]))


def _step(store: Path | None, as_user: str | None, step: Callable[[Releases, str], Standing]) -> None:
    """Take one step of a version's life as whoever acts, and print where the version stands."""
    with acting(store, as_user) as (bench, actor):
        standing = step(bench.rooms.releases, actor)
    version = standing.version
    number = f", version {version.version}" if version.version else ""
    waits = version.state is State.SUBMITTED and not standing.is_approved
    waiting = f" ({len(standing.approvers)} of {standing.needed} approvals)" if waits else ""
    emit(
        standing.to_json() | {"version": version.version}, lambda: f"{version.ref} is {version.state}{number}{waiting}."
    )
