"""Commands on models: which there are and how good, which one scores, comparing, trusting and taking them out."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, opened, table
from app.cli.outputs import filling
from core.exports import model_card, model_folder, onnx_folder
from core.governance.permissions import Permission
from core.models.cutoffs import Capacity
from core.models.store import ModelVersion
from core.recipes.rooms import Rooms

group = typer.Typer(help="Models: list, show, compare, approve, release, roll back, export.", no_args_is_help=True)
SHOWN = ("version", "alias", "name", "auc", "trees", "features", "approved", "registered_at")
CUTS = ("band", "enter", "because", "share", "leads_a_day", "expected_rate", "observed_rate", "is_calibrated")
RELEASED = ("version", "kind", "actor", "reason", "released_at")
Form = Literal["mlflow", "onnx"]
VersionArgument = Annotated[str, typer.Argument(help="A version, a hash, or its first 8 or more digits.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(group, name="models")


@group.command("list", epilog="Example: leadbench models list --json")
def list_models(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Every trained model, the one that scores, and its challenger."""
    with opened(store) as bench:
        champion, challenger = bench.rooms.models.champion(), bench.rooms.models.challenger()
        rows = _rows(bench.rooms, champion, challenger)
    told = {"champion": _version(champion), "challenger": _version(challenger), "models": rows}
    emit(told, lambda: table(rows, SHOWN))


@group.command(epilog="Example: leadbench models show 1")
def show(version: VersionArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """A model's card: figures with intervals, limits, what it was made from, and its releases."""
    with opened(store) as bench:
        rooms = bench.rooms
        found = rooms.models.version(version)
        model = rooms.models.get(found.version)
        told = {
            "version": found.version,
            "model_hash": found.model_hash,
            "feature_set_hash": found.feature_set_hash,
            "approved": rooms.model_releases.is_approved(found.model_hash),
            "metrics": {name: value for name, value in found.metrics.items() if name != "charts"},
            "lineage": found.lineage,
            "facts": model.facts,
            "releases": _releases(rooms, found.model_hash),
        }
        card = model_card.card(found, model)
    emit(told, lambda: card)


@group.command(epilog="Example: leadbench models compare 1 2")
def compare(
    one: VersionArgument,
    other: Annotated[str, typer.Argument(help="The model to compare it with.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Two models on the same unseen rows: the first minus the second, with 95 % intervals by lead."""
    with opened(store) as bench:
        found = bench.runner.compare(one, other)
    emit(found, lambda: _compared_text(found))


@group.command(epilog="Example: leadbench models shadow --json")
def shadow(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """How the challenger would score and band the leads that the champion decided; nothing is routed by it."""
    with opened(store) as bench:
        found = bench.runner.shadow()
    emit(found, lambda: _shadow_text(found))


@group.command(epilog="Example: leadbench models proposals --max-age-days 30")
def proposals(
    max_age_days: Annotated[
        int | None, typer.Option("--max-age-days", min=1, max=36_500, help="When a champion is old; default 90.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Whether a challenger should be trained, by age, new labels, drift and calibration; nothing is changed."""
    with opened(store) as bench:
        found = bench.runner.proposals(max_age_days)
    emit(found, lambda: _proposals_text(found))


@group.command(epilog='Example: leadbench models approve 1 --as rita --comment "Figures checked."')
def approve(
    version: VersionArgument,
    comment: Annotated[str, typer.Option("--comment", help="What the reviewer says; kept in the record.")] = "",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trust a model that you did not train; with a published policy its decisions are live from then on."""
    with acting(store, as_user) as (bench, actor):
        rooms, found = bench.rooms, bench.rooms.models.version(version)
        rooms.model_releases.approve_model(found.model_hash, found.version, actor, comment or None)
    told = {"version": found.version, "model_hash": found.model_hash, "approved": True}
    emit(told, lambda: f"Model {found.version} is approved by {actor}.")


@group.command(epilog='Example: leadbench models release 2 --as rita --reason "Ahead at every landmark."')
def release(
    version: VersionArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the record.")],
    over: Annotated[str | None, typer.Option("--over", help="Only if this version still scores.")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a model that you did not train the champion that scores, whatever policy decides."""
    with acting(store, as_user) as (bench, actor):
        found = bench.rooms.models.version(version)
        bench.rooms.models.get(found.version)
        seen = bench.rooms.models.version(over).model_hash if over else None
        bench.rooms.model_releases.release(found.model_hash, found.version, actor, reason, seen)
    told = {"version": found.version, "model_hash": found.model_hash, "champion": found.version}
    emit(told, lambda: f"Model {found.version} scores from now on.")


@group.command(epilog='Example: leadbench models rollback --as rita --reason "Calibration is off."')
def rollback(
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the record.")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the model that scored before the champion score again."""
    with acting(store, as_user) as (bench, actor):
        version = bench.rooms.model_releases.roll_back(actor, reason)
        found = bench.rooms.models.version(version)
    told = {"version": version, "model_hash": found.model_hash, "champion": version}
    emit(told, lambda: f"Model {version} scores again.")


@group.command(epilog="Example: leadbench models export 1 --out model-1 --as ana")
def export(
    version: VersionArgument,
    out: Annotated[Path, typer.Option("--out", help="A folder that does not exist yet.")],
    form: Annotated[Form, typer.Option("--format", help="mlflow, or onnx, which needs the extra of that name.")] = (
        "mlflow"
    ),
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a model as a folder in MLflow's layout, or as ONNX, with its card; it scores without leadbench."""
    with acting(store, as_user, Permission.EXPORT, default=True) as (bench, _):
        rooms = bench.rooms
        found = rooms.models.version(version)
        write = onnx_folder.write if form == "onnx" else model_folder.write
        with filling(out):
            told = write(found, rooms.models.get(found.version), out)
    emit(told, lambda: f"{out}: {len(told['files'])} files of model {found.version}.")


@group.command(epilog="Example: leadbench models cutoffs --rep-hours 24 --minutes 30 --deal-value 5000 --hour-cost 60")
def cutoffs(
    rep_hours: Annotated[float, typer.Option("--rep-hours", help="Hours a day that the team has for new leads.")],
    minutes: Annotated[float, typer.Option("--minutes", help="Minutes that a lead takes.")],
    deal_value: Annotated[float | None, typer.Option("--deal-value", help="What a won deal is worth.")] = None,
    hour_cost: Annotated[float | None, typer.Option("--hour-cost", help="What an hour of work costs.")] = None,
    sla_hours: Annotated[
        float | None, typer.Option("--sla-hours", help="Working hours to reach a hot lead in.")
    ] = None,
    a_day: Annotated[float | None, typer.Option("--leads-a-day", help="Default: the last 30 days of the log.")] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bands proposed from hours, agreed time and value, on unseen leads; nothing is changed."""

    def capacity(came: float) -> Capacity:
        return Capacity(rep_hours, minutes, came, deal_value, hour_cost, sla_hours)

    with opened(store) as bench:
        found = bench.runner.cutoffs(capacity, a_day)
    emit(found, lambda: table(found["bands"], CUTS))


def _version(found: ModelVersion | None) -> str | None:
    return found.version if found else None


def _rows(rooms: Rooms, champion: ModelVersion | None, challenger: ModelVersion | None) -> list[dict[str, Any]]:
    aliases = {_version(challenger): "challenger", _version(champion): "champion"}
    return [
        row | {"approved": rooms.model_releases.is_approved(row["model_hash"]), "alias": aliases.get(row["version"])}
        for row in rooms.models.list().to_dicts()
    ]


def _releases(rooms: Rooms, model_hash: str) -> list[dict[str, Any]]:
    rows = rooms.model_releases.releases().to_dicts()
    return [{name: row[name] for name in RELEASED} for row in rows if row["model_hash"] == model_hash]


def _shadow_text(found: dict[str, Any]) -> str:
    if found["challenger"] is None:
        return "No model came after the champion, so none scores in shadow."
    both = f"Model {found['challenger']} beside model {found['champion']}"
    head = f"{both}: {found['leads']:,} leads, {found['waiting']:,} wait"
    if not found["leads"]:
        return f"{head}. `leadbench score` scores them."
    ranks, crossing = found["rank_correlation"], found["crossing"]
    told = "-" if ranks is None else f"{ranks['value']:.3f} ({ranks['low']:.3f} to {ranks['high']:.3f})"
    share = f"{crossing['share']:.1%} ({crossing['low']:.1%} to {crossing['high']:.1%})"
    moved = f"{share} of leads in another band: {crossing['up']:,} up, {crossing['down']:,} down"
    return f"{head}\nRank correlation {told}\n{moved}\n{table(found['bands'], ['champion', 'challenger', 'leads'])}"


def _proposals_text(found: dict[str, Any]) -> str:
    lines = [f"{'due' if one['is_due'] else '-':4}{one['trigger']}: {one['evidence']}" for one in found["triggers"]]
    return "\n".join([*lines, found["action"] or f"Nothing is due: model {found['champion']} goes on."])


def _compared_text(found: dict[str, Any]) -> str:
    head = f"Model {found['one']} minus model {found['other']} on {found['rows']:,} rows of {found['leads']:,} leads"
    head += ", worked leads each by its weight for all" if found["weighted"] else ""
    rows = table(found["figures"], ["figure", "ours", "theirs", "difference", "low", "high", "verdict"])
    marks = table(found["by_landmark"], ["after", "rows", "ours", "theirs", "difference", "low", "high", "verdict"])
    told = f"{head}: {found['verdict']}\n{rows}\n\nAUC by landmark\n{marks}"
    if not found["by_segment"]:
        return told
    levels = table(found["by_segment"], ["segment", "rows", "ours", "theirs", "difference", "low", "high", "verdict"])
    return f"{told}\n\nAUC by {found['segment']}\n{levels}"
