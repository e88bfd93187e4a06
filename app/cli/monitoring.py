"""Commands that watch a model at work: has the world changed, and do the scores still hold."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app.cli.call import current
from app.cli.common import AsOption, JsonOption, StoreOption, acting, emit, progress, table
from app.cli.outputs import require_places, written
from core.monitoring.junit import to_junit

POPULATION = "train, test, decided, the last e.g. 30d of the log, or FROM/TO"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: leadbench drift --reference train --current 30d --junit drift.xml")(drift)
    app.command(epilog="Example: leadbench performance --json")(performance)


def drift(
    reference: Annotated[
        str | None, typer.Option(help=f"Compare with: {POPULATION}; default as in the recipe.")
    ] = None,
    current_: Annotated[str | None, typer.Option("--current", help=f"What is compared: {POPULATION}.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the verdicts as JUnit XML.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write Evidently's own page.")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the newest leads with those that the model was trained on, and count the decisions that moved."""
    require_places(junit, html)
    with acting(store, as_user, default=True) as (bench, actor):
        result = bench.runner.drift(
            actor=actor, reference=reference, current=current_, progress=progress, cancel=current().cancel
        )
        page = bench.rooms.drift.page(result["report_id"]) if html else b""
    written(junit, to_junit(result))
    written(html, page)
    emit(result, lambda: drift_text(result))


def performance(
    population: Annotated[
        Literal["auto", "test", "decided"],
        typer.Option(help="Test leads, or what was decided; auto: the latter where it has enough labels."),
    ] = "auto",
    segment: Annotated[list[str] | None, typer.Option(help="An attribute to compare errors by; repeatable.")] = None,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What became of scored leads by cohort, segment and band, what is expected of the others, and feedback loops."""
    with acting(store, as_user, default=True) as (bench, actor):
        result = bench.runner.performance(
            actor=actor,
            population=population,
            segments=tuple(segment or ()),
            progress=progress,
            cancel=current().cancel,
        )
    emit(result, lambda: performance_text(result))


def drift_text(found: dict[str, Any]) -> str:
    """A drift report in some lines for people."""
    psi = "-" if found["score_psi"] is None else f"{found['score_psi']:.3f}"
    owners = "" if found["owners_changed"] is None else f" {found['owners_changed']:,} to another owner,"
    head = (
        f"Drift: {found['features_drifted']} features drifted, {found['decisions_moved']:,} decisions moved"
        f" ({found['bands_changed']:,} across a band, {found['pools_changed']:,} to another pool,{owners}"
        f" {found['expected_wins_lost']:+.1f} expected wins lost), score PSI {psi}"
    )
    judged = len(found["features"])
    unknown = sum(one["verdict"] == "not_enough_data" for one in found["features"])
    if unknown:
        head += f"\nNot enough data for {unknown} of {judged} features ({found['population']:,} leads compared)"
    if found["weighted"]:
        head += "\nWorked leads were drawn, and moved decisions are counted, by weight: they stand for all leads"
    alerts = [f"{one['severity']:6}  {one['message']} {one['cause']} {one['action']}" for one in found["alerts"][:5]]
    more = len(found["alerts"]) - len(alerts)
    return "\n".join([head, *alerts, *([f"and {more} more alerts: see --json"] if more > 0 else [])])


def performance_text(found: dict[str, Any]) -> str:
    """A performance report in a screenful for people."""
    real, guess = found["realised"], found["estimated"]
    head = (
        f"{found['rows']:,} rows of {found['leads']:,} leads ({found['population']}),"
        f" {found['waiting']:,} without a label"
    )
    if found["effective_rows"] is not None:
        head += f"; worked leads stand for all by their weights, as {found['effective_rows']:,.0f} rows would"
    lines = [head, f"Realised in mature cohorts: not enough data, {UNTOLD['few_rows']}"]
    if real is not None:
        lines[1] = (
            f"Realised in mature cohorts: AUC {_figure(real['auc'])}, won {real['win_rate']:.1%}, said"
            f" {real['expected_rate']:.1%}; without labels one would expect AUC {_figure(guess and guess['auc'])}"
        )
    rows = [_cohort_row(one) for one in found["cohorts"]]
    alerts = [f"{one['severity']:6}  {one['message']} {one['cause']} {one['action']}" for one in found["alerts"]]
    return "\n".join([*lines, table(rows, list(rows[0])) if rows else "", *alerts, *found["loops"]["unknown"]])


def _cohort_row(one: dict[str, Any]) -> dict[str, Any]:
    real, guess = one["realised"] or {}, one["estimated"] or {}
    return {
        "from": one["from"][:10],
        "rows": one["rows"],
        "labelled": one["labelled"],
        "mature": "yes" if one["is_mature"] else "not yet",
        "auc": _figure(real.get("auc")),
        "expected": _figure(guess.get("auc")),
        "won": _figure(real.get("win_rate")),
        "said": _figure(guess.get("win_rate")),
        "not told": UNTOLD.get(one.get("untold") or "", "") if one["is_mature"] else "",
    }


UNTOLD = {"few_rows": "under 30 rows' worth", "few_wins": "AUC: under 5 wins", "few_losses": "AUC: under 5 losses"}


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
