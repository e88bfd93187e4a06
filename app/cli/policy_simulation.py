"""policy simulate: what a document would do to the leads of a store, against the active policy or another document."""

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, emit, opened, progress, table, user_name
from app.cli.policy_documents import FileArgument, read_document
from core.governance.history import active
from core.governance.permissions import Permission
from core.kernel.errors import LeadbenchError
from core.policy import parser
from core.policy.document import Policy
from core.simulation.store_evidence import EvidenceStore
from core.simulation.study import MINUTES, ONE_STEP, SEED, Mode, Question, study
from core.workbench import Workbench

LIVE = "live"


class NothingPublished(LeadbenchError):
    """A comparison with the active policy where there is none."""

    code = "nothing_published"

    def __init__(self) -> None:
        super().__init__("No policy is published on this store.", remedy="Run a recipe, or publish one first.")


def register(group: typer.Typer) -> None:
    """Add the command to the policy commands."""
    group.command(epilog="Example: leadbench policy simulate policies/default.yaml --mode rolled-forward --json")(
        simulate
    )


def simulate(
    file: FileArgument,
    against: Annotated[str, typer.Option("--against", help="`live`, or another policy document.")] = LIVE,
    mode: Annotated[
        Mode, typer.Option("--mode", help="Leads as they stand, or every lead's history decided again in order.")
    ] = ONE_STEP,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all chance in it.")] = SEED,
    handling: Annotated[
        float, typer.Option("--handling-min", min=0.1, max=10_000, help="Minutes that a lead takes a rep on average.")
    ] = MINUTES,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the result as evidence, with one ledger entry.")] = False,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who would be treated differently, whom it harms, whether the reps keep up, and what it is worth."""
    after = parser.load(read_document(file), str(file))
    with opened(store) as bench:
        actor = bench.identity(user_name(as_user), permission=Permission.SIMULATE) if keep else ""
        question = Question(_other(bench, against), after, mode, seed, handling)
        found = study(bench.db, question, progress)
        if keep:
            EvidenceStore(bench.db).keep(found.evidence(), actor)
    payload = found.to_json() | {"kept": keep}
    emit(payload, lambda: _text(payload))


def _other(bench: Workbench, against: str) -> Policy:
    """The version that the document is compared with; raises NothingPublished, FileMissing."""
    if against != LIVE:
        return parser.load(read_document(Path(against)), against)
    found = active(bench.rooms.releases)
    if found is None:
        raise NothingPublished
    return found.policy


def _text(payload: dict[str, Any]) -> str:
    """The findings in lines: simulated ones say so."""
    lines = [f"{_mode(mode, told)}" for mode, told in payload["numbers"].items() if told]
    lines += _way(payload["history"]) if payload["history"] else []
    moves = [row for row in payload["moves"] if row["before"] != row["after"]]
    lines += ["", table(moves, ["output", "before", "after", "leads"])] if moves else []
    worse = [row for row in payload["harm"] if row["verdict"] == "worse"]
    lines += ["", *(_harmed(row) for row in worse)] if worse else ["", "No group is stopped significantly more often."]
    lines += [_capacity(payload["capacity"]), _value(payload["value"])]
    return "\n".join([*lines, f"Evidence {payload['evidence_hash']}{' (kept)' if payload['kept'] else ''}"])


def _mode(mode: str, told: dict[str, Any]) -> str:
    newly = ", ".join(f"{told[name]:,} {name.replace('_', ' ')}" for name in told if name.startswith("newly"))
    return f"{mode} (simulated): {told['changed']:,} of {told['leads']:,} leads change; {newly}."


def _way(told: dict[str, Any]) -> list[str]:
    """What happened on the way, and what is assumed of it."""
    names = [name.removesuffix("_before") for name in told if name.endswith("_before")]
    counts = [f"{name.replace('_', ' ')} {told[f'{name}_before']:,} to {told[f'{name}_after']:,}" for name in names]
    return [f"On the way: {', '.join(counts)}.", *(f"Assumed: {one}" for one in told["assumed"])]


def _harmed(row: dict[str, Any]) -> str:
    before, after = row["before"]["share"], row["after"]["share"]
    return (
        f"Stopped more often: {row['dimension']} {row['group']}, {before:.1%} to {after:.1%} of {row['leads']:,} leads."
    )


def _capacity(told: dict[str, Any]) -> str:
    if told["state"] != "simulated":
        return f"Capacity: cannot say. {told['reason']}"
    sides = [told[side] for side in ("before", "after")]
    shares = [f"{one['sla_attainment']['mean']:.1%}" for one in sides if one["sla_attainment"]["mean"] is not None]
    unassigned = [
        f"{one['unassigned_rate']['mean']:.1%}" for one in sides if one["unassigned_rate"]["mean"] is not None
    ]
    return f"Capacity (simulated): in time {' to '.join(shares)}, unassigned {' to '.join(unassigned)}."


def _value(told: dict[str, Any]) -> str:
    if told["state"] != "estimated":
        return f"Value: cannot say. {told['reason']}"
    dr, change = told["dr"], told["difference"]
    return (
        f"Value (estimated): {told['reward']} in {dr['value']:.2%} of decisions ({dr['low']:.2%} to {dr['high']:.2%}), "
        f"{change['value']:+.2%} against what was done ({change['low']:+.2%} to {change['high']:+.2%})."
    )
