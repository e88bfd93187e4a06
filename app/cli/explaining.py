"""Why a lead has its score, and why it changed."""

from datetime import datetime
from typing import Annotated, Any

import typer

from app.cli.common import JsonOption, StoreOption, emit, opened, speak
from core.decisions import counterfactual as what_if
from core.decisions import explanation
from core.decisions.attribution import CAUSES, Attribution, attribute
from core.decisions.counterfactual import Counterfactual
from core.decisions.record import Record
from core.kernel.times import from_text
from core.models.rationale import value_text
from core.recipes.rooms import Rooms

MOST_REASONS = 5
MOST_MOVES = 3
LEAST = 5e-5


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: leadbench explain ld_10042 --since 2026-09-01 --json")(explain)


def explain(
    lead: Annotated[str, typer.Argument(help="A lead's id, or one that was merged into it.")],
    at: Annotated[str | None, typer.Option("--at", help="The decision in force at this ISO time.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Why it changed since this ISO time.")] = None,
    counterfactual: Annotated[
        bool, typer.Option("--counterfactual", help="What would bring a better decision.")
    ] = False,
    vary: Annotated[list[str] | None, typer.Option("--vary", help="A feature that may change; repeat it.")] = None,
    grouped: Annotated[bool, typer.Option("--grouped", help="Also by groups of correlated features.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why a lead has its score, in probability points, and what was decided; why that changed; what would change it."""
    speak(as_json)
    if counterfactual and since is not None:
        raise typer.BadParameter("Ask for one of --since and --counterfactual.")
    if since is not None and at is not None and from_text(since) > from_text(at):
        raise typer.BadParameter("--since is later than --at.")
    with opened(store) as bench:
        rooms = bench.rooms
        record = _record(rooms, lead, _moment(at))
        if since is not None:
            changed = attribute(rooms.db, rooms.loaders, _record(rooms, lead, _moment(since)), record)
            emit(changed.to_json(), lambda: _changed_text(changed))
            return
        if counterfactual or vary:
            other = what_if.on_store(rooms.decisions, rooms.loaders, record, tuple(vary or ()))
            emit(other.to_json(), lambda: _other_text(other))
            return
        model = rooms.models.get(record.model_hash)
        found = explanation.explain(record, model)
        if grouped:
            others = rooms.decisions.population(record.decision_id, what_if.POPULATION)
            found |= {"groups": explanation.groups(record, model, others)}
    emit(found, lambda: _explanation_text(found))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)


def _record(rooms: Rooms, lead: str, moment: datetime | None) -> Record:
    return rooms.decisions.at(rooms.signals.identities.home(lead, moment), moment)


def _explanation_text(found: dict[str, Any]) -> str:
    head = f"{found['lead_id']}: score {found['score']:.4f} (base {found['base']:.4f}), {_words(found['decision'])}"
    parts = [head]
    for title, sign in (("What speaks for it", 1), ("What holds it back", -1)):
        told = [one for one in found["points"] if sign * one["points"] >= LEAST][:MOST_REASONS]
        parts += [f"{title}:", *(f"  {one['points']:+.4f}  {one['sentence']}" for one in told)] if told else []
    if "groups" in found:
        parts += ["By group of features that go together:"]
        parts += [f"  {one['points']:+.4f}  {one['label']}" for one in found["groups"][: 2 * MOST_REASONS]]
    return "\n".join(parts)


def _changed_text(found: Attribution) -> str:
    before, after = found.before, found.after
    lines = [
        f"{after.lead_id}: score {before.score:.4f} ({_time(before)}) -> {after.score:.4f} ({_time(after)}), "
        f"{100 * found.change:+.1f} points"
    ]
    for cause, points in found.parts.items():
        if abs(points) >= LEAST:
            lines.append(f"  {100 * points:+6.1f}  {CAUSES[cause]}{_moved(found, cause)}")
    flip = found.first_flip
    if flip is None:
        return "\n".join([*lines, f"Decided alike: {_words(_of(after))}."])
    cause, old, _ = flip
    told = f"{_words(old)} -> {_words(_of(after))}"
    return "\n".join([*lines, f"Decided otherwise: {told}; what first flipped it: {CAUSES[cause].lower()}."])


def _other_text(found: Counterfactual) -> str:
    head = f"{found.record.lead_id}: score {found.record.score:.4f}, {_words(_of(found.record))}"
    return f"{head}\n{found.words}"


def _moved(found: Attribution, cause: str) -> str:
    told = [
        f"{move.label} {value_text(move.before)} -> {value_text(move.after)}"
        for move in found.moves(cause)
        if move.before != move.after
    ]
    return f": {'; '.join(told[:MOST_MOVES])}{' ...' if len(told) > MOST_MOVES else ''}" if told else ""


def _of(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("disposition", "band", "pool")}


def _words(decided: dict[str, Any]) -> str:
    return f"{decided['band'] or decided['disposition'].lower()}, {decided['pool'] or 'no pool'}"


def _time(record: Record) -> str:
    return f"as of {record.as_of}" if record.as_of else f"decided at {record.decided_at}"
