"""Why a lead has its score, and why it changed."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer

from app.cli.common import AsOption, JsonOption, StoreOption, emit, opened, user_name
from core.decisions import counterfactual as what_if
from core.decisions import explanation
from core.decisions.attribution import CAUSES, Attribution, attribute
from core.decisions.counterfactual import Counterfactual
from core.decisions.record import Record
from core.governance.masking import HIDDEN_CHANGE, MASK, conceal, declared_by
from core.governance.permissions import Role
from core.kernel.times import from_text, to_text
from core.models.rationale import value_text
from core.recipes.errors import MomentAhead
from core.recipes.rooms import Rooms
from core.signals.store_pages import SignalPages

MOST_REASONS = 5
MOST_MOVES = 3
LEAST = 5e-5
Seen = Callable[[Any], Any]
"""Masks an object of JSON's values for who acts."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog="Example: leadbench explain ld_20358 --since 2026-09-25 --json")(explain)


def explain(
    lead: Annotated[str, typer.Argument(help="A lead's id, one merged into it, or as shown (no-17).")],
    at: Annotated[str | None, typer.Option("--at", help="The decision in force at this ISO time.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Why it changed since this ISO time.")] = None,
    counterfactual: Annotated[
        bool, typer.Option("--counterfactual", help="What would bring a better decision.")
    ] = False,
    vary: Annotated[list[str] | None, typer.Option("--vary", help="A feature that may change; repeat it.")] = None,
    grouped: Annotated[bool, typer.Option("--grouped", help="Also by groups of correlated features.")] = False,
    store: StoreOption = None,
    as_user: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why a lead has its score, in probability points, and what was decided; why that changed; what would change it."""
    if counterfactual and since is not None:
        raise typer.BadParameter("Ask for one of --since and --counterfactual.")
    if since is not None and at is not None and from_text(since) > from_text(at):
        raise typer.BadParameter("--since is later than --at.")
    with opened(store) as bench:
        rooms = bench.rooms
        record, seen = _record(rooms, lead, _moment(rooms, at)), _seen(rooms, user_name(as_user))
        if since is not None:
            changed = attribute(rooms.db, rooms.loaders, _record(rooms, lead, _moment(rooms, since)), record)
            emit(seen(changed.to_json()), lambda: _changed_text(changed, seen))
            return
        if counterfactual or vary:
            other = what_if.on_store(rooms.decisions, rooms.loaders, record, tuple(vary or ()))
            told, words = _other(other, seen)
            emit(told, lambda: f"{record.lead_id}: score {record.score:.4f}, {_words(_of(record))}\n{words}")
            return
        model = rooms.models.get(record.model_hash)
        found = explanation.explain(record, model)
        if grouped:
            others = rooms.decisions.population(record.decision_id, what_if.POPULATION)
            found |= {"groups": explanation.groups(record, model, others)}
        found = seen(found)
    emit(found, lambda: _explanation_text(found))


def _moment(rooms: Rooms, text: str | None) -> datetime | None:
    """The moment that the text names, None without one; raises MomentAhead."""
    if text is None:
        return None
    moment, now = from_text(text), rooms.db.clock.now()
    if moment > now:
        raise MomentAhead(to_text(moment), to_text(now))
    return moment


def _seen(rooms: Rooms, name: str | None) -> Seen:
    """What the policies that decide hide from the role of who acts is masked; a viewer's where nobody is named."""
    role = rooms.users.get(name).role if name else Role.VIEWER
    declared = declared_by(rooms.policies.in_force())
    return lambda told: conceal(told, role, declared)


def _record(rooms: Rooms, lead: str, moment: datetime | None) -> Record:
    named = SignalPages(rooms.db).id_of(lead)
    return rooms.decisions.at(rooms.signals.identities.home(named, moment), moment)


def _explanation_text(found: dict[str, Any]) -> str:
    score, base = (part if part == MASK else f"{part:.4f}" for part in (found["score"], found["base"]))
    head = f"{found['lead_id']}: score {score} (base {base}), {_words(found['decision'])}"
    parts = [head]
    for title, sign in (("What speaks for it", 1), ("What holds it back", -1)):
        told = [one for one in found["points"] if sign * one["points"] >= LEAST][:MOST_REASONS]
        parts += [f"{title}:", *(f"  {one['points']:+.4f}  {one['sentence']}" for one in told)] if told else []
    if "groups" in found:
        parts += ["By group of features that go together:"]
        parts += [f"  {one['points']:+.4f}  {one['label']}" for one in found["groups"][: 2 * MOST_REASONS]]
    return "\n".join(parts)


def _changed_text(found: Attribution, seen: Seen) -> str:
    before, after = found.before, found.after
    if before.decision_id == after.decision_id:
        stands = f"score {after.score:.4f} ({_time(after)}), {_words(_of(after))}"
        return f"{after.lead_id}: not decided since; what stands is {stands}."
    lines = [
        f"{after.lead_id}: score {before.score:.4f} ({_time(before)}) -> {after.score:.4f} ({_time(after)}), "
        f"{100 * found.change:+.1f} points"
    ]
    for cause, points in found.parts.items():
        if abs(points) >= LEAST:
            lines.append(f"  {100 * points:+6.1f}  {CAUSES[cause]}{_moved(found, cause, seen)}")
    flip = found.first_flip
    if flip is None:
        return "\n".join([*lines, f"Decided alike: {_words(_of(after))}."])
    cause, old, _ = flip
    told = f"{_words(old)} -> {_words(_of(after))}"
    return "\n".join([*lines, f"Decided otherwise: {told}; what first flipped it: {CAUSES[cause].lower()}."])


def _other(found: Counterfactual, seen: Seen) -> tuple[dict[str, Any], str]:
    """The object and the words for who may see them; the words tell no step where one of its values is masked."""
    told = found.to_json()
    known = told.get("changes", [])
    pairs = [seen({"feature": one["feature"], "before": one["from"], "after": one["to"]}) for one in known]
    changes = [{"feature": one["feature"], "from": one["before"], "to": one["after"]} for one in pairs]
    if changes == known:
        return seen(told), found.words
    return seen(told | {"changes": changes}), HIDDEN_CHANGE


def _moved(found: Attribution, cause: str, seen: Seen) -> str:
    moves = [
        (one.label, seen({"feature": one.feature, "before": value_text(one.before), "after": value_text(one.after)}))
        for one in found.moves(cause)
        if one.before != one.after
    ]
    told = [f"{label} {values['before']} -> {values['after']}" for label, values in moves]
    return f": {'; '.join(told[:MOST_MOVES])}{' ...' if len(told) > MOST_MOVES else ''}" if told else ""


def _of(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("disposition", "band", "pool")}


def _words(decided: dict[str, Any]) -> str:
    return f"{decided['band'] or decided['disposition'].lower()}, {decided['pool'] or 'no pool'}"


def _time(record: Record) -> str:
    return f"as of {record.as_of}" if record.as_of else f"decided at {record.decided_at}"
