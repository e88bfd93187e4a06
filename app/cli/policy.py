"""Commands on policies: check, decide, diff, simulate, and the way from draft to published and back."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, emit, opened, progress, speak, table, user_name
from core.governance.history import active
from core.governance.history import history as history_of
from core.governance.releases import Releases
from core.governance.standing import Standing
from core.kernel.errors import LeadbenchError
from core.kernel.strict_yaml import read_text
from core.policy import checker, diff, evaluator, inputs, parser
from core.policy.document import Policy
from core.simulation.on_store import simulate_on_store

group = typer.Typer(help="Policies: check, simulate, approve, publish, roll back.", no_args_is_help=True)
FileArgument = Annotated[Path, typer.Argument(help="A policy document (YAML).")]
RefArgument = Annotated[str, typer.Argument(help="NAME@12 digits, a full hash, or NAME@vN once published.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the record.")]
CommentOption = Annotated[str, typer.Option("--comment", help="What the reviewer says; kept in the record.")]


class PolicyFileMissing(LeadbenchError):
    """No policy document at the path."""

    code = "file_missing"

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no policy document at `{path}`.", value=path, remedy="Check the path.")


class InputsInvalid(LeadbenchError):
    """Inputs that are no JSON object."""

    code = "invalid_inputs"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"The inputs are not a JSON object: {reason}",
            value=text[:200],
            remedy='Write them as {"score": 0.8, "region": "DACH"}, or @file.json.',
        )


class NothingPublished(LeadbenchError):
    """A comparison with the active policy where there is none."""

    code = "nothing_published"

    def __init__(self) -> None:
        super().__init__("No policy is published on this store.", remedy="Run a recipe, or publish one first.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="policy")


def read_document(path: Path) -> str:
    """The text of a policy document; raises PolicyFileMissing."""
    if not path.is_file():
        raise PolicyFileMissing(path)
    return read_text(path)


def read_inputs(text: str) -> dict[str, Any]:
    """The JSON object given inline, in a file, or on standard input (-); raises InputsInvalid."""
    source = sys.stdin.read() if text == "-" else _file_text(text) or text
    try:
        value = json.loads(source)
    except json.JSONDecodeError as error:
        raise InputsInvalid(source, str(error)) from error
    if not isinstance(value, dict):
        raise InputsInvalid(source, f"it is a {type(value).__name__}")
    return value


def _file_text(text: str) -> str | None:
    """The content of the file that the text names, perhaps after an @; None where it names none."""
    if text.lstrip().startswith("{"):
        return None
    path = Path(text.removeprefix("@"))
    return path.read_text(encoding="utf-8") if path.is_file() else None


@group.command(epilog="Example: leadbench policy check policies/default.yaml --json")
def check(file: FileArgument, as_json: JsonOption = False) -> None:
    """Check a document: its form, names, domains, order and its own tests."""
    speak(as_json)
    report = checker.report(read_document(file), str(file))
    emit(report, lambda: _check_text(report))
    raise typer.Exit(0 if report["ok"] else 1)


@group.command(epilog="""Example: leadbench policy decide policies/default.yaml --inputs '{"score": 0.8}'""")
def decide(
    file: FileArgument,
    given: Annotated[
        str, typer.Option("--inputs", "--input", help="JSON, a file or -; unnamed fields are typical.")
    ] = "{}",
    as_json: JsonOption = False,
) -> None:
    """Decide one lead and show how."""
    speak(as_json)
    policy = parser.load(read_document(file), str(file))
    filled = inputs.fill(policy, read_inputs(given))
    found = evaluator.explain(policy, filled)
    emit({**found.pop("outcome"), **found})


@group.command("diff", epilog="Example: leadbench policy diff old.yaml new.yaml --exit-code")
def show_diff(
    before: FileArgument,
    after: FileArgument,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 where they differ.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What changed between two documents, block by block."""
    speak(as_json)
    left, right = (parser.load(read_document(path), str(path)) for path in (before, after))
    found = diff.diff(left, right)
    payload = {
        "same": not found,
        "before": left.content_hash,
        "after": right.content_hash,
        "changes": diff.to_json(found),
    }
    emit(payload, lambda: diff.to_text(found) if found else "No difference.")
    raise typer.Exit(1 if exit_code and found else 0)


@group.command(epilog="Example: leadbench policy simulate policies/stricter.yaml --json")
def simulate(file: FileArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Who would be treated differently: the document against the active policy, on the leads last decided."""
    speak(as_json)
    policy = parser.load(read_document(file), str(file))
    with opened(store) as bench:
        found = simulate_on_store(bench.db, _active(bench.rooms.releases), policy, progress).to_json()
    emit(found, lambda: table(found["moves"], ["output", "before", "after", "leads"]))


@group.command(epilog="Example: leadbench policy submit policies/stricter.yaml --as ana")
def submit(
    file: FileArgument, store: StoreOption = None, as_user: AsOption = None, as_json: JsonOption = False
) -> None:
    """Hand a document in for review."""
    text = read_document(file)
    _step(store, as_user, as_json, lambda releases, actor: releases.submit(text, str(file), actor))


@group.command(epilog='Example: leadbench policy approve default@1a2b3c4d5e6f --as rita --comment "Checked."')
def approve(
    ref: RefArgument,
    comment: CommentOption = "",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approve a submitted version that you never edited."""
    _step(store, as_user, as_json, lambda releases, actor: releases.approve(ref, actor, comment))


@group.command(epilog='Example: leadbench policy refuse default@1a2b3c4d5e6f --as rita --comment "Too strict."')
def refuse(
    ref: RefArgument,
    comment: CommentOption,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse a submitted version, with the reason."""
    _step(store, as_user, as_json, lambda releases, actor: releases.refuse(ref, actor, comment))


@group.command(epilog='Example: leadbench policy publish default@1a2b3c4d5e6f --as ana --reason "Q1 capacity"')
def publish(
    ref: RefArgument,
    reason: ReasonOption,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an approved version the active one."""
    _step(store, as_user, as_json, lambda releases, actor: releases.publish(ref, actor, reason))


@group.command(epilog='Example: leadbench policy rollback default --as rita --reason "Too many held leads"')
def rollback(
    name: Annotated[str, typer.Argument(help="Name of the policy.")],
    reason: ReasonOption,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the parent of the active version active again."""
    _step(store, as_user, as_json, lambda releases, actor: releases.rollback(name, actor, reason))


@group.command(epilog="Example: leadbench policy history default --json")
def history(
    name: Annotated[str | None, typer.Argument(help="Name of the policy; all where absent.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every version with its state and who did what."""
    speak(as_json)
    with opened(store) as bench:
        found = history_of(bench.rooms.releases, name)
    emit(found, lambda: table(found["versions"], ["ref", "version", "state", "at"]))


def _active(releases: Releases) -> Policy:
    found = active(releases)
    if found is None:
        raise NothingPublished
    return found.policy


def _step(store: Path | None, as_user: str | None, as_json: bool, step: Callable[[Releases, str], Standing]) -> None:
    """Take one step of a version's life as whoever acts, and print where the version stands."""
    speak(as_json)
    with opened(store) as bench:
        standing = step(bench.rooms.releases, bench.identity(user_name(as_user)))
    version = standing.version
    number = f", version {version.version}" if version.version else ""
    waiting = f" ({len(standing.approvers)} of {standing.needed} approvals)" if not standing.is_approved else ""
    emit(
        standing.to_json() | {"version": version.version}, lambda: f"{version.ref} is {version.state}{number}{waiting}."
    )


def _check_text(report: dict[str, Any]) -> str:
    lines = [
        f"{d['line']}:{d['column']} {d['code']}: {d['message']} {d.get('hint') or ''}" for d in report["diagnostics"]
    ]
    blocks = report["unexecuted_blocks"]
    unexecuted = [f"Read but not carried out yet, so it cannot be published: {', '.join(blocks)}."] if blocks else []
    verdict = "The document is sound." if report["ok"] else "The document is refused."
    return "\n".join([*lines, *unexecuted, verdict])
