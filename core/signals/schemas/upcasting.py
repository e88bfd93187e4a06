"""An event's properties from the version that they were written in to the newest, step by step; nothing is guessed."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from core.signals.schemas.document import EventSchema, Step

TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def upcast(properties: Mapping[str, Any], versions: Iterable[EventSchema]) -> dict[str, Any]:
    """The properties after the steps of these versions, in order; members that no step names stay as they are."""
    found = dict(properties)
    for schema in versions:
        for step in schema.upcast:
            _STEPS[step.kind](found, step)
    return found


def _rename(found: dict[str, Any], step: Step) -> None:
    if step.name in found and step.to is not None:
        value = found.pop(step.name)
        found.setdefault(step.to, value)


def _retype(found: dict[str, Any], step: Step) -> None:
    if found.get(step.name) is not None:
        found[step.name] = retyped(found[step.name], str(step.to))


def _default(found: dict[str, Any], step: Step) -> None:
    if found.get(step.name) is None:
        found[step.name] = step.value


def _split(found: dict[str, Any], step: Step) -> None:
    """The text in as many parts as there are names, the last with what remains."""
    value = found.get(step.name)
    if isinstance(value, str) and step.by is not None:
        del found[step.name]
        parts = value.split(step.by, len(step.into) - 1)
        found.update({name: part for name, part in zip(step.into, parts, strict=False) if name not in found})


def _remove(found: dict[str, Any], step: Step) -> None:
    found.pop(step.name, None)


_STEPS = {"rename": _rename, "retype": _retype, "default": _default, "split": _split, "remove": _remove}


def retyped(value: Any, kind: str) -> Any:
    """The value in another type where it can be said in it exactly, else as it is (the gate will hold the event)."""
    if kind in ("number", "decimal"):
        return _number(value)
    if kind == "boolean":
        return TRUTHS.get(str(value).lower(), value)
    if kind == "time":
        return _moment(value)
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int | float) else value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    for read in (int, float):
        try:
            number = read(value)
        except ValueError:
            continue
        return number if math.isfinite(number) else value
    return value


def _moment(value: Any) -> Any:
    """Seconds or milliseconds since 1970 as ISO 8601 text; a text stays."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    seconds = value / 1_000 if abs(value) >= 1e11 else value
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return value
