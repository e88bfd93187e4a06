"""Commands on features: what is declared, what it is worth, and building it at given moments."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from app.cli import feature_views as views
from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, progress, table
from app.cli.feature_files import feature_set_in, named_set, spine_in
from app.cli.outputs import require_places, writing
from core.features import engine, hindsight, portrait
from core.features.document import FeatureSet
from core.features.kept import kept_values, renew
from core.features.polars_text import polars_text
from core.features.sample import statement
from core.features.spark import spark_statement
from core.features.store_moments import every as every_moment
from core.features.store_moments import leads_at, log_span
from core.governance import feature_users
from core.governance.permissions import Permission
from core.kernel.database import Watch
from core.kernel.times import duration_us, from_text, naive
from core.workbench import Workbench

group = typer.Typer(
    help="Features: list, show, profile, lineage, check, render, build, backfill, forget.", no_args_is_help=True
)
NameArgument = Annotated[str, typer.Argument(help="The feature's name.")]
SetOption = Annotated[
    str | None, typer.Option("--set", help="Hash of its set (12 digits); default the one registered last that has it.")
]
GivenSet = Annotated[str, typer.Option("--set", help="A feature-set file (YAML), or the hash of a registered one.")]
DIALECTS = ("duckdb", "polars", "spark")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="features")


@group.command("list", epilog="Example: leadbench features list --json")
def list_features(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Every registered feature set with its features."""
    with opened(store) as bench:
        rows = bench.rooms.features.features().to_dicts()
    emit({"features": rows}, lambda: table(rows, ["name", "label", "role", "dtype", "feature_hash"]))


@group.command(epilog="Example: leadbench features show events_7d --json")
def show(
    name: NameArgument, set_hash: SetOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """A feature's document, freshness, versions, and who reads it."""
    with opened(store) as bench:
        feature_set, feature = bench.rooms.features.find(name, set_hash)
        told = views.shown(bench, feature_set, feature)
    emit(told, lambda: views.show_text(told))


@group.command(epilog="Example: leadbench features profile events_7d --json")
def profile(
    name: NameArgument, set_hash: SetOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """How many of its values are missing, how they are spread, by outcome and over time."""
    with opened(store) as bench:
        feature_set, feature = bench.rooms.features.find(name, set_hash)
        told = views.profiled(feature_set, feature, portrait.portrait(bench.db, feature))
    emit(told, lambda: views.profile_text(told))


@group.command(epilog="Example: leadbench features lineage events_7d --json")
def lineage(
    name: NameArgument, set_hash: SetOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Upstream to sources, event types and properties; downstream to sets, models and policies."""
    with opened(store) as bench:
        _, feature = bench.rooms.features.find(name, set_hash)
        told = views.traced(bench, feature)
    emit(told, lambda: views.lineage_text(told))


@group.command(epilog="Example: leadbench features check events_7d --json")
def check(
    name: Annotated[str | None, typer.Argument(help="A feature's name; default: every feature of --set.")] = None,
    set_text: Annotated[
        str | None, typer.Option("--set", help="A file or a hash; default the set registered last that has the name.")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 1 where a leak is suspected.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The leak check by time: does a value at a fixed as_of change when more becomes known, and why."""
    if name is None and set_text is None:
        raise typer.BadParameter("Give a feature's name, or --set.")
    with opened(store) as bench:
        feature_set = _checked_set(bench, name, set_text)
        told = views.checked(feature_set, hindsight.check(bench.db, feature_set))
    emit(told, lambda: views.check_text(told))
    if exit_code and told["leaks"]:
        raise typer.Exit(1)


def _checked_set(bench: Workbench, name: str | None, set_text: str | None) -> FeatureSet:
    if name is None:
        return named_set(set_text or "", bench)
    if set_text is None:
        feature_set, feature = bench.rooms.features.find(name)
    else:
        feature_set = named_set(set_text, bench)
        feature = views.one_of(feature_set, name)
    return FeatureSet(feature_set.name, (feature,), feature_set.names)


@group.command(epilog="Example: leadbench features forget visits_draft --as ana")
def forget(
    name: NameArgument, store: StoreOption = None, as_user: AsOption = None, as_json: JsonOption = False
) -> None:
    """Take a feature out of every registered set, with the rows kept; refused while models or policies read it."""
    with acting(store, as_user, Permission.BUILD) as (bench, actor):
        rooms = bench.rooms
        gone = feature_users.forget(rooms.features, rooms.models, rooms.policies, name, actor)
    told = {"name": name, "sets": [asdict(one) for one in gone]}
    emit(told, lambda: views.forgotten_text(told))


@group.command(epilog="Example: leadbench features render --set data/features/b2b_behaviour.yaml --engine spark")
def render(
    set_text: GivenSet,
    engine_name: Annotated[str, typer.Option("--engine", help="duckdb, polars or spark.")] = "duckdb",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The statement of a set in an engine's language, for reading and for running elsewhere."""
    if engine_name not in DIALECTS:
        raise typer.BadParameter(f"`{engine_name}` is none of {', '.join(DIALECTS)}.")
    with opened(store) as bench:
        feature_set = named_set(set_text, bench)
        text = _rendered(bench, feature_set, engine_name)
    emit({"set_hash": feature_set.behaviour_hash, "engine": engine_name, "text": text}, lambda: text)


def _rendered(bench: Workbench, feature_set: FeatureSet, engine_name: str) -> str:
    if engine_name == "polars":
        return "\n\n".join(f"# {one.name}: {one.label}\n{polars_text(one)}" for one in feature_set.features)
    made = spark_statement if engine_name == "spark" else statement
    return made(bench.db, feature_set)


@group.command(
    epilog="Example: leadbench features build --set data/features/b2b_behaviour.yaml --spine s.parquet --out x.parquet"
)
def build(
    set_file: Annotated[Path, typer.Option("--set", help="A feature-set file (YAML).")],
    spine: Annotated[Path, typer.Option(help="Parquet with lead_id, as_of and, if wanted, known_at.")],
    out: Annotated[Path, typer.Option(help="Where to write the rows (Parquet).")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a feature set at the moments of a spine, in the spine's order."""
    require_places(out)
    with opened(store) as bench:
        feature_set = feature_set_in(set_file, bench)
        frame, built = engine.build_with_report(bench.db, feature_set, spine_in(spine), _watch("features build"))
    with writing(out) as stream:
        frame.write_parquet(stream)
    report = asdict(built)
    emit(
        report, lambda: f"{report['rows']:,} rows, {report['features']} features in {report['seconds']:.1f} s to {out}"
    )


@group.command(
    epilog="Example: leadbench features backfill --set data/features/b2b_behaviour.yaml --every 7d --last 90d --as ana"
)
def backfill(
    set_text: GivenSet,
    every: Annotated[str, typer.Option(help="Time between two moments, such as 7d.")] = "7d",
    last: Annotated[str, typer.Option(help="How far back the first moment is, such as 90d.")] = "90d",
    until: Annotated[
        str | None, typer.Option("--to", help="The last moment (UTC); default midnight after the newest event.")
    ] = None,
    spine: Annotated[Path | None, typer.Option(help="Parquet of rows instead of moments: lead_id, as_of, ...")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the rows here (Parquet).")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a set over history and keep it; the next time only leads that changed since are built."""
    require_places(out)
    if not duration_us(every):
        raise typer.BadParameter("--every is no time at all; give one such as 7d.")
    with acting(store, as_user, Permission.BUILD) as (bench, actor):
        feature_set = named_set(set_text, bench)
        rows = _history(bench, every, last, until) if spine is None else spine_in(spine)
        bench.rooms.features.register(feature_set, actor)
        built = renew(bench.db, feature_set, rows, actor, _watch("features backfill"))
        if out is not None:
            with writing(out) as stream:
                kept_values(bench.db, feature_set, rows).write_parquet(stream)
    report: dict[str, Any] = asdict(built) | {"features": len(feature_set), "moments": rows["as_of"].n_unique()}
    emit(report, lambda: views.backfill_text(report))


def _history(bench: Workbench, every: str, last: str, until: str | None) -> pl.DataFrame:
    end = naive(from_text(until)) if until else _next_midnight(log_span(bench.db)[1])
    return leads_at(bench.db, every_moment(end, duration_us(every), duration_us(last)))


def _next_midnight(moment: datetime) -> datetime:
    return pl.Series([moment]).dt.offset_by("1d").dt.truncate("1d").item()


def _watch(name: str) -> Watch:
    return Watch(name, lambda done, _: progress(max(done, 0.0), "building"))
