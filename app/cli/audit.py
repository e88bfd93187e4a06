"""Commands on the record: verify the chain, replay decisions, export the evidence and the lineage."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.common import JsonOption, StoreOption, emit, opened, progress
from app.cli.outputs import filling, require_places, writing
from core.decisions.replay import replay as replay_decisions
from core.exports.open_lineage import to_lines
from core.exports.open_lineage_source import events_of, namespace_of
from core.governance.duties import report as duties_of
from core.governance.evidence import export as export_evidence

group = typer.Typer(help="The record: verify, replay, duties, export, lineage.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="audit")


@group.command(epilog="Example: leadbench audit verify --json")
def verify(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Check that the ledger's chain holds and reaches the high-water mark."""
    with opened(store) as bench:
        found = bench.db.verify()
    emit(
        {
            "ok": found.ok,
            "entries": found.entries,
            "head": found.head,
            "first_broken": found.first_broken,
            "high_water": found.high_water,
        },
        lambda: (
            f"{'The chain holds' if found.ok else 'THE CHAIN IS BROKEN'}: {found.entries} entries, head {found.head}."
        ),
    )
    raise typer.Exit(0 if found.ok else 1)


@group.command(epilog="Example: leadbench audit replay --sample 100")
def replay(
    decision_id: Annotated[str | None, typer.Argument(help="One decision.")] = None,
    sample: Annotated[int | None, typer.Option("--sample", min=1, help="So many decisions, drawn with a seed.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every decision.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 7,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Execute stored decisions again and compare them field by field."""
    if sum((decision_id is not None, sample is not None, every)) != 1:
        raise typer.BadParameter("name one decision, or give --sample N or --all")
    with opened(store) as bench:
        report = replay_decisions(
            bench.db, bench.rooms.loaders, decision_id=decision_id, sample=sample, seed=seed, progress=progress
        ).to_json()
    emit(report, lambda: _in_words(report))
    raise typer.Exit(0 if not report["differences"] else 1)


def _in_words(report: dict[str, Any]) -> str:
    same = f"{report['equal']} of {report['replayed']} decisions came out bit for bit the same."
    unchecked = report["unchecked"]["assignee"]
    if unchecked:
        same += f" The assignee of {unchecked} was not checked: what its choice saw was not kept."
    differing = Counter(one["field"] for one in report["differences"])
    return "\n".join([same, *(f"`{name}` differs in {count:,}" for name, count in sorted(differing.items()))])


@group.command(epilog="Example: leadbench audit duties --json")
def duties(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Who made, approved and published what, from the ledger alone: exit 1 where anybody approved his own change."""
    with opened(store) as bench:
        found = duties_of(bench.db)
    told = ", ".join(f"{count} {word}" for word, count in found["checked"].items())
    emit(found, lambda: f"{len(found['violations'])} violations, {len(found['exceptions'])} emergencies in {told}.")
    raise typer.Exit(0 if found["ok"] else 1)


@group.command(epilog="Example: leadbench audit export --out evidence/")
def export(
    out: Annotated[Path, typer.Option("--out", help="Folder for the export; made if missing.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the ledger, the records and a verifier that needs only Python."""
    with opened(store) as bench, filling(out):
        written = export_evidence(bench.db, out)
    emit(written, lambda: f"Written to {out}; check it with `python {out}/verify.py`.")


@group.command(epilog="Example: leadbench audit lineage --out lineage.ndjson")
def lineage(
    out: Annotated[Path, typer.Option("--out", help="File for the events, one a line.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write imports, feature builds, trainings and decision batches as OpenLineage run events (2-0-2)."""
    require_places(out)
    with opened(store) as bench, writing(out) as stream:
        events = sum(1 for line in to_lines(events_of(bench.db, bench.rooms.features)) if stream.write(line))
        namespace = namespace_of(bench.db)
    told = {"events": events, "runs": events // 2, "namespace": namespace, "out": str(out)}
    emit(told, lambda: f"{events // 2:,} runs in {events:,} events written to {out}.")
