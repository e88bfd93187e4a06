"""What else could give a field, from what the columns hold; only ever a suggestion, never used on its own."""

from typing import Any

import polars as pl

from core.signals.aliases import plain_name

ID_ENDINGS = ("id", "key", "number", "no", "code", "ref", "uuid", "guid")
LEAD_WORDS = ("lead", "contact", "customer", "person", "prospect", "client", "member", "user", "case")
TYPE_WORDS = ("event", "activity", "action", "step", "kind", "stage", "status", "category")
CREATED_WORDS = ("creat", "regist", "sign", "start", "entry", "first", "open", "date", "added", "received")
OUTCOME_WORDS = ("close", "won", "end", "convert", "last", "modif", "updat")
MOST_TYPES = 500


def guesses(kind: str, known: dict[str, Any], values: dict[str, pl.Series], times: list[str]) -> dict[str, str]:
    """Field → column for required fields (and created_at) that no alias found."""
    free = {name: column for name, column in values.items() if name not in _used(known)}
    found: dict[str, str | None] = {}
    if "lead_id" not in known:
        found["lead_id"] = _id(free, unique=kind != "events")
    if kind == "events" and "type" not in known:
        found["type"] = _type(free)
    field = {"events": "occurred_at", "leads": "created_at"}.get(kind)
    if field and field not in known:
        found[field] = _time([name for name in times if name in free])
    return {name: column for name, column in found.items() if column}


def _used(known: dict[str, Any]) -> set[object]:
    return {column for names in known.values() for column in (names if isinstance(names, list) else [names])}


def _id(free: dict[str, pl.Series], unique: bool) -> str | None:
    def fits(name: str, column: pl.Series) -> bool:
        plain = plain_name(name)
        if not (plain.endswith(ID_ENDINGS) or plain in LEAD_WORDS) or column.null_count() or column.dtype.is_float():
            return False
        return column.n_unique() == len(column) if unique else 1 < column.n_unique() < len(column)

    return next((name for name, column in free.items() if fits(name, column)), None)


def _type(free: dict[str, pl.Series]) -> str | None:
    def fits(name: str, column: pl.Series) -> bool:
        return column.dtype == pl.String and column.n_unique() <= MOST_TYPES and not column.null_count()

    named = [name for name in free if any(word in plain_name(name) for word in TYPE_WORDS)]
    return next((name for name in named if fits(name, free[name])), None)


def _time(times: list[str]) -> str | None:
    early = [name for name in times if not any(word in plain_name(name) for word in OUTCOME_WORDS)]
    named = [name for name in early if any(word in plain_name(name) for word in CREATED_WORDS)]
    return named[0] if named else early[0] if len(early) == 1 else None
