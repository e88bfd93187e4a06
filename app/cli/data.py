"""Commands on data: inspect a file, import it, and look after what was quarantined."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.call import current
from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, progress, table
from app.cli.inputs import object_in
from app.cli.outputs import filling, require_places, writing
from core.governance.permissions import Permission
from core.kernel.clock import SystemClock
from core.signals import inspect as inspection

quarantine = typer.Typer(help="Records that did not pass the gate.", no_args_is_help=True)
PathArgument = Annotated[Path, typer.Argument(help="CSV, JSONL, Parquet or XES file, .gz too.")]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", help="YAML file: canonical field to column name or {literal: x}.")
]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", help="csv, jsonl, parquet, xes, or a source such as segment; default: detected."),
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Count what would happen and write nothing.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: leadbench inspect leadbench-store/demo/leads.csv --json")(inspect)
    app.command("import", epilog="Example: leadbench import events leadbench-store/demo/web.parquet --as ana")(
        import_file
    )
    app.add_typer(quarantine, name="quarantine")


def inspect(path: PathArgument, as_format: FormatOption = None, as_json: JsonOption = False) -> None:
    """What is in a file: format, suggested mapping, quality findings, suspected outcome leaks."""
    found = inspection.inspect(path, SystemClock(), format=as_format)
    emit(found, lambda: _inspection_text(found))


class Kind(StrEnum):
    """What a file holds."""

    EVENTS = "events"
    LEADS = "leads"
    OUTCOMES = "outcomes"
    REPS = "reps"


def import_file(
    kind: Annotated[Kind, typer.Argument(help="What the file holds.")],
    path: PathArgument,
    mapping: MappingOption = None,
    as_format: FormatOption = None,
    dry_run: DryOption = False,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load a file of events, leads, outcomes or reps; `won:` and `lost:` conditions stand in the mapping file."""
    given = _mapping(mapping)
    with acting(store, as_user, Permission.IMPORT, default=True, create=True) as (bench, actor):
        found = bench.rooms.signals.import_file(
            kind.value,
            path,
            given,
            format=as_format,
            dry_run=dry_run,
            actor=actor,
            progress=progress,
            cancel=current().cancel,
        ).to_json()
    emit(found, lambda: _import_text(found))


def _import_text(found: dict[str, Any]) -> str:
    """The counts of an import, and what to heed."""
    counts = table([found], ["path", "kind", "adapter", "read", "accepted", "duplicate", "quarantined"])
    heeded = [f"Warning ({one['code']}): {one['message']}. {one['remedy']}" for one in found["warnings"]]
    return "\n".join([counts, *heeded])


def _mapping(path: Path | None) -> dict[str, Any]:
    return object_in(path, "mapping file") if path else {}


@quarantine.command("list", epilog="Example: leadbench quarantine list --json")
def list_quarantine(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """What waits in quarantine, and why."""
    with opened(store) as bench:
        items = bench.rooms.signals.quarantine().to_dicts()
    emit(
        {"count": len(items), "items": items},
        lambda: table(items, ["quarantine_id", "path", "row_no", "code", "detail"]) if items else "Nothing waits.",
    )


@quarantine.command(epilog="Example: leadbench quarantine export held.jsonl --batch b000007 --as ana")
def export(
    out: Annotated[Path, typer.Argument(help="JSONL file to write, one object a record.")],
    batch: Annotated[list[str] | None, typer.Option("--batch", help="A batch or quarantine id; default: all.")] = None,
    with_raw: Annotated[
        bool, typer.Option("--raw", help="With the records as they came, personal values too.")
    ] = False,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what waits in quarantine to a file; opening the records themselves is kept in the ledger."""
    with filling(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
    require_places(out)
    needed = Permission.REVEAL if with_raw else Permission.EXPORT
    with acting(store, as_user, needed) as (bench, actor):
        rows = bench.rooms.signals.held.exported(batch or [], actor, raw=with_raw)
    with writing(out) as stream:
        rows.write_ndjson(stream)
    emit({"path": str(out), "rows": rows.height, "raw": with_raw}, lambda: f"{rows.height:,} records in {out}")


@quarantine.command(epilog="Example: leadbench quarantine redrive b_0001 --mapping fixed.yaml --as ana")
def redrive(
    batch_id: Annotated[str, typer.Argument(help="The batch whose records go through the gate again.")],
    mapping: MappingOption = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a batch's quarantined records through the gate again."""
    given = _mapping(mapping)
    with acting(store, as_user, Permission.IMPORT) as (bench, actor):
        found = bench.rooms.signals.redrive(batch_id, given or None, actor=actor).to_json()
    emit(found, lambda: table([found], ["read", "accepted", "duplicate", "quarantined"]))


def _inspection_text(found: dict[str, Any]) -> str:
    columns = table(found["columns"], ["name", "type", "missing", "distinct", "example"])
    lines = [f"{item['code']}: {item['message'].rstrip('.')}. {item['remedy']}" for item in found["findings"]]
    source = found["adapter"] or "one of several sources"
    head = f"{found['path']}: {source}, {found['format']}, {found['rows']:,} rows of {found['kind']}"
    versions = ", ".join(map(str, found["schema_versions"]))
    head += f", schema version {versions}" if versions else ""
    given = {name: [one] if isinstance(one, str) else one for name, one in found["suggested_map"].items()}
    suggested = [f"  {name}: {' or '.join(names)}" for name, names in given.items()]
    return "\n".join([head, "", columns, "", *(["map, as suggested:", *suggested, ""] if suggested else []), *lines])
