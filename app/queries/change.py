"""What stands beside one decision: how it came from an earlier one, and the leads that converted like it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from app.queries import lead, people
from app.queries.access import concealed, database, revision, role, rooms
from core.decisions.record import Record
from core.governance.permissions import Role
from core.kernel.errors import LeadbenchError


@dataclass(frozen=True)
class Changed:
    """Why a lead was decided otherwise than before, for people: `causes` (label, points), `moves` of features by cause.

    `start` and `end` are unrounded scores; `flip` is None where both decisions are alike.
    """

    start: float
    end: float
    causes: pl.DataFrame
    moves: pl.DataFrame
    flip: tuple[str, dict[str, Any], dict[str, Any]] | None


def changed(before_id: str, after_id: str) -> Changed:
    """The way from one stored decision to a later one; raises what a missing model, policy or feature set raises."""
    return _changed(revision("signals", "decisions", "features", "models", "policy"), role().value, before_id, after_id)


@st.cache_data(max_entries=32, show_spinner="Replaying what happened in between")
def _changed(revision: str, role: str, before_id: str, after_id: str) -> Changed:
    from core.decisions.attribution import CAUSES, attribute

    store = rooms()
    found = attribute(store.db, store.loaders, store.decisions.get(before_id), store.decisions.get(after_id))
    moves = [
        (CAUSES[cause], move.label, *lead.values(move.feature, move.before, move.after, Role(role)), 100 * move.points)
        for cause in CAUSES
        for move in found.moves(cause)
        if move.before != move.after
    ]
    moves += [
        (CAUSES[cause], "What stayed, worth more or less beside the rest", None, None, 100 * points)
        for cause in CAUSES
        if abs(points := sum(one.points for one in found.moves(cause) if one.before == one.after)) >= 5e-5
    ]
    kinds = {"cause": pl.String, "feature": pl.String, "before": pl.String, "after": pl.String, "points": pl.Float64}
    parts = [(CAUSES[cause], points) for cause, points in found.parts.items() if abs(points) >= 5e-5]
    flip = found.first_flip
    return Changed(
        found.start,
        found.steps[-1].probability,
        pl.DataFrame(parts, schema={"label": pl.String, "points": pl.Float64}, orient="row"),
        pl.DataFrame(moves, schema=kinds, orient="row"),
        None if flip is None else (CAUSES[flip[0]], flip[1], flip[2]),
    )


def beside(record: Record, seen_by: Role) -> dict[str, Any]:
    """`change` and `otherwise` of a decision as its memo takes them, None where the store cannot tell.

    A download runs outside the session, so the role is given.
    """
    earlier = lead.history(record.lead_id)["decision_id"].to_list()
    place = earlier.index(record.decision_id) if record.decision_id in earlier else 0
    return {
        "change": _told(_change_memo, earlier[place - 1], record.decision_id) if place else None,
        "otherwise": _told(_otherwise_memo, record.decision_id, seen_by),
    }


def _told(tell: Callable[..., dict[str, Any]], *asked: object) -> dict[str, Any] | None:
    try:
        return tell(*asked)
    except LeadbenchError:
        return None


def _change_memo(before_id: str, after_id: str) -> dict[str, Any]:
    found = changed(before_id, after_id)
    parts = [{"cause": cause, "points": points} for cause, points in found.causes.iter_rows()]
    return {"parts": parts, "flipped_by": found.flip[0] if found.flip else None}


def _otherwise_memo(decision_id: str, seen_by: Role) -> dict[str, Any]:
    found = lead.otherwise(decision_id, seen_by)
    return {"words": found.words, "changes": found.changes.to_dicts()}


def alike(decision_id: str) -> pl.DataFrame:
    """ref, lead, company, likeness (hundredths), at, closed_at, alike (text) of converted leads, most alike first."""
    return _alike(revision("signals", "decisions", "features", "models", "policy"), role().value, decision_id)


@st.cache_data(max_entries=32, show_spinner="Looking for leads that were like it")
def _alike(revision: str, role: str, decision_id: str) -> pl.DataFrame:
    from core.decisions.similar import similar

    store = rooms()
    record = store.decisions.get(decision_id)
    model, feature_set = store.models.get(record.model_hash), store.features.get(record.feature_set_hash)
    found = similar(database(), feature_set, model, record)
    cards = people.cards([one.lead_id for one in found], Role(role))
    names = {feature.label: feature.name for feature in model.features}
    told = [
        "; ".join(f"{label} {_value(names.get(label, label), value, Role(role))}" for label, value, _ in one.shared)
        for one in found
    ]
    return pl.DataFrame(
        {
            "lead_id": [one.lead_id for one in found],
            "likeness": [100 * one.likeness for one in found],
            "at": [one.as_of for one in found],
            "closed_at": [one.closed_at for one in found],
            "alike": told,
        },
        schema_overrides={"lead_id": pl.String, "at": pl.Datetime("us"), "closed_at": pl.Datetime("us")},
    ).join(cards, on="lead_id", how="left", maintain_order="left")


def _value(name: str, value: Any, by: Role) -> str:
    return concealed([name, lead.shown(value)], by)[1]
