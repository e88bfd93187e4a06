"""Commands that do the work: the demo, a whole recipe, and its steps by themselves."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.cli import serving
from app.cli.call import current
from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, progress, settings, store_folder, table
from app.cli.monitoring import drift_text
from core.kernel.times import from_text
from core.recipes.reader import read_recipe

PortOption = Annotated[int | None, typer.Option(help="Port on this machine; default 8501.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: leadbench demo --no-serve --events 50000 --leads 3000")(demo)
    app.command(epilog="Example: leadbench run recipe.yaml --json")(run)
    app.command(epilog="Example: leadbench train --as ana")(train)
    app.command(epilog="Example: leadbench score --as ana")(score)


def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the app afterwards.")] = True,
    events: Annotated[int, typer.Option(min=1_000, help="How many events.")] = 200_000,
    leads: Annotated[int, typer.Option(min=200, help="How many leads.")] = 12_000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 7,
    port: PortOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """A seeded B2B stream, loaded, trained, decided - and served in the browser."""
    from core.demo import generate
    from core.demo.hands import speak

    folder = store_folder(store)
    files = generate(folder / "demo", events=events, leads=leads, seed=seed, progress=progress)
    with acting(folder, None, default=True, create=True) as (bench, actor):
        recipe = read_recipe(files.recipe)
        result = bench.runner.run(recipe, actor=actor, progress=progress, cancel=current().cancel)
        speak(bench.rooms, actor)
    emit(result, lambda: summary(result))
    if serve:
        number = port or settings().port
        current().err.write(f"The guided tour begins at http://127.0.0.1:{number}/?tour=1\n")
        serving.start(folder, number)


def run(
    recipe: Annotated[Path, typer.Argument(help="A recipe (YAML).")],
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The whole job: import, check, features, time-split training, scores with reasons, decisions, drift."""
    file = read_recipe(recipe)
    with acting(store, as_user, default=True, create=True) as (bench, actor):
        result = bench.runner.run(file, actor=actor, progress=progress, cancel=current().cancel)
    emit(result, lambda: summary(result))


def train(
    tune: Annotated[
        int | None,
        typer.Option("--tune", min=0, max=1000, help="Try so many settings (Optuna); default: the recipe's."),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option("--features", metavar="HASH", help="A registered set instead of the recipe's features."),
    ] = None,
    reproduce: Annotated[
        str | None, typer.Option("--reproduce", help="Train this version again and compare the hashes.")
    ] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the last recipe again on what the store holds now; nothing is decided."""
    with acting(store, as_user, default=True) as (bench, actor):
        runner = bench.runner
        if reproduce is not None:
            found = runner.reproduce(reproduce, actor=actor, progress=progress, cancel=current().cancel)
            emit(found, lambda: _reproduced_text(found))
            raise typer.Exit(0 if found["equal"] else 1)
        chosen = None
        if tune is not None:
            chosen = runner.last_recipe("train").recipe.train.model_copy(update={"tune_trials": tune})
        result = runner.train(
            actor=actor, settings=chosen, features=features, progress=progress, cancel=current().cancel
        )
    emit(result, lambda: summary(result))


def _reproduced_text(found: dict[str, Any]) -> str:
    """Whether a model came out the same again."""
    verdict = "the same hash" if found["equal"] else f"another hash: {found['reproduced_hash']}"
    return f"Model {found['version']} ({found['model_hash']}) trained again: {verdict}."


def score(
    as_of: Annotated[str | None, typer.Option("--as-of", help="ISO time; default: the end of the log.")] = None,
    leads: Annotated[Literal["open", "all", "test"], typer.Option(help="Whom to decide.")] = "open",
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score and decide the leads with the champion (the newest model until one is released) and the active policy."""
    moment = None if as_of is None else from_text(as_of)
    with acting(store, as_user, default=True) as (bench, actor):
        result = bench.runner.score(actor=actor, as_of=moment, leads=leads, progress=progress)
    emit(result, lambda: _scored_text(result))


def _scored_text(result: dict[str, Any]) -> str:
    """Whom the leads were decided by, how many, and what to heed."""
    decisions = result["decisions"]
    return "\n".join([_counts(decisions), _decider_text(decisions["model"]), *_warnings(result)])


def summary(result: dict[str, Any]) -> str:
    """A run in a screenful for people."""
    sources = table(result["sources"], ["kind", "path", "read", "accepted", "duplicate", "quarantined"])
    parts = [sources, "", f"{result['leads']:,} leads; outcomes: {_counts(result['outcomes'])}"]
    if result["metrics"]:
        parts += ["", _metrics_text(result)]
    if result["decisions"]:
        parts += [f"Decisions ({result['decisions']['arm']}): {_bands(result['decisions'])}"]
        parts += [_decider_text(result["decisions"].get("model"))]
    if result["drift"]:
        parts.append(drift_text(result["drift"]))
    parts += [f"Suspected leak, left out: {item['name']} - {item['evidence']}" for item in _left_out(result)]
    return "\n".join([*parts, *_warnings(result)])


def _warnings(result: dict[str, Any]) -> list[str]:
    return [f"Warning ({item['code']}): {item['message']}" for item in result["warnings"]]


def _decider_text(model: dict[str, Any] | None) -> str:
    """Which model decided, and why."""
    return f"Decided by model {model['version']}: {model['because']}" if model else ""


def _left_out(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in result["suspected_leaks"] or [] if not item["accepted"]]


def _metrics_text(result: dict[str, Any]) -> str:
    metrics, baselines = result["metrics"], result["baselines"]
    low, high = metrics["auc_ci95"]
    auc = f"AUC {metrics['auc']:.3f} ({low:.3f} to {high:.3f}) on a {metrics['split']} split"
    lines = [
        f"Model {result['model']['version']}: {auc}",
        f"AUC on a random split {_number(metrics['auc_random_split'])}: no forecast, shown as a warning",
        f"Lift in the top tenth {metrics['lift_at_10']:.2f}, Brier {metrics['brier']:.4f}"
        f" (base rate {baselines['base_rate']['brier']:.4f}), calibration gap {metrics['ece']:.3f}",
        f"Recency alone AUC {_number(baselines['recency']['auc'])}, scorecard {_number(baselines['scorecard']['auc'])}",
    ]
    if metrics["matured"]:
        lines.append(_matured_text(metrics["matured"]))
    lines += [_challenger_text(one["name"], one["against"]) for one in metrics["challengers"]]
    if against := metrics["against_champion"]:
        judged = f" on the {against['rows']:,} rows whose window is over" if "rows" in against else ""
        judged += ", worked leads each by its weight for all" if against.get("weighted") else ""
        lines.append(_challenger_text(f"model {against['version']}{judged}", against))
    if result["model"].get("tuning"):
        lines.append(_tuning_text(result["model"]["tuning"]))
    if metrics["by_landmark"]:
        lines.append(table(metrics["by_landmark"], ["after", "rows", "auc"]))
    return "\n".join(lines)


def _matured_text(matured: dict[str, Any]) -> str:
    """The figures of the test rows whose window is over; the others were decided early."""
    low, high = matured["auc_ci95"]
    area = f"AUC {matured['auc']:.3f} ({low:.3f} to {high:.3f})"
    return (
        f"Of the {matured['rows']:,} test rows whose window is over: {area}, "
        f"win rate {matured['base_rate']:.1%}, calibration gap {matured['ece']:.3f}; the others were decided early"
    )


def _challenger_text(name: str, against: dict[str, Any]) -> str:
    """Whether the model ranks better than another method on the same rows."""
    area = against["figures"][0]
    bounds = f"{_signed(area['difference'])}, 95 % {_signed(area['low'])} to {_signed(area['high'])}"
    return f"Against {name}: {against['verdict']} (AUC {bounds})"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.3f}"


def _tuning_text(tuning: dict[str, Any]) -> str:
    """What a search for settings came to."""
    verdict = "taken" if tuning["is_changed"] else "the given settings stay"
    reached = f"AUC on later training leads {_number(tuning['auc_given'])} -> {_number(tuning['auc_best'])}"
    return f"Settings searched in {tuning['trials']} trials: {reached}, {verdict}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _bands(decisions: dict[str, Any]) -> str:
    return f"{decisions['count']:,} leads; " + _counts(decisions["bands"])


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if isinstance(count, int))
