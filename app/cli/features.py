"""Commands on features: what is declared, and building it at given moments."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from app.cli.common import JsonOption, StoreOption, emit, opened, progress, speak, table
from core.features import engine, parser
from core.features.schema import event_schema
from core.kernel.database import Watch
from core.kernel.errors import LeadbenchError
from core.kernel.strict_yaml import read_text

group = typer.Typer(help="Features: list, build.", no_args_is_help=True)


class FileMissing(LeadbenchError):
    """A file that a command needs is not there."""

    code = "file_missing"

    def __init__(self, what: str, path: Path) -> None:
        super().__init__(f"There is no {what} at `{path}`.", value=path, remedy="Check the path.")


class SpineUnreadable(LeadbenchError):
    """A spine file that is no Parquet file."""

    code = "invalid_spine"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"`{path}` cannot be read as Parquet: {reason}",
            value=path,
            remedy="Give a Parquet file with lead_id (text), as_of (time) and, if wanted, known_at (time).",
        )


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="features")


@group.command("list", epilog="Example: leadbench features list --json")
def list_features(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Every registered feature set with its features."""
    speak(as_json)
    with opened(store) as bench:
        rows = bench.rooms.features.features().to_dicts()
    emit({"features": rows}, lambda: table(rows, ["name", "label", "role", "dtype", "feature_hash"]))


@group.command(epilog="Example: leadbench features build --set f.yaml --spine spine.parquet --out rows.parquet")
def build(
    set_file: Annotated[Path, typer.Option("--set", help="A feature-set file (YAML).")],
    spine: Annotated[Path, typer.Option(help="Parquet with lead_id, as_of and, if wanted, known_at.")],
    out: Annotated[Path, typer.Option(help="Where to write the rows (Parquet).")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a feature set at the moments of a spine, in the spine's order."""
    speak(as_json)
    for what, path in (("feature set", set_file), ("spine", spine)):
        if not path.is_file():
            raise FileMissing(what, path)
    with opened(store) as bench:
        feature_set = parser.read(read_text(set_file), str(set_file), event_schema(bench.db))
        watch = Watch("features build", lambda done, _: progress(max(done, 0.0), "building"))
        frame, built = engine.build_with_report(bench.db, feature_set, _spine(spine), watch)
    frame.write_parquet(out)
    report = asdict(built)
    emit(
        report, lambda: f"{report['rows']:,} rows, {report['features']} features in {report['seconds']:.1f} s to {out}"
    )


def _spine(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SpineUnreadable(path, str(error).splitlines()[0]) from error
