"""Values out of records, as every adapter needs them: texts, objects, moments, and what is left over."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from core.signals.adapters.adapter import Record, RecordUnfit


def text(value: object) -> str | None:
    """The value as text, a moment as ISO 8601 in UTC; blank is missing."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return str(value).strip() or None


def first(record: Record, *names: str) -> str | None:
    """The first of the members that has a value, as text."""
    return next((found for name in names if (found := text(record.get(name))) is not None), None)


def object_of(record: Record, name: str) -> dict[str, Any]:
    """The member as an object, also where it is an object's JSON text; raises RecordUnfit for anything else."""
    value = _decoded(record, name) or {}
    if not isinstance(value, dict):
        raise RecordUnfit("invalid_properties", f"`{name}` is no object")
    return value


def objects_of(record: Record, name: str) -> list[dict[str, Any]]:
    """The objects of a list, also where it is the list's JSON text; raises RecordUnfit for anything else."""
    value = _decoded(record, name) or []
    if not isinstance(value, list):
        raise RecordUnfit("invalid_properties", f"`{name}` is no list")
    return [item for item in value if isinstance(item, dict)]


def _decoded(record: Record, name: str) -> object:
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        return value or None
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise RecordUnfit("invalid_properties", f"`{name}` is not JSON: {error}") from error


def moment(value: object) -> datetime | None:
    """The value as a moment (UTC) where it is one or its ISO 8601 text, else None."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def number(value: object) -> object:
    """The value as a number where its text is one, else as it is."""
    if not isinstance(value, str):
        return value
    for read in (int, float):
        try:
            return read(value)
        except ValueError:
            continue
    return value


def rest(record: Record, known: Collection[str]) -> dict[str, Any]:
    """The members that are not among `known`: they are kept, whatever they are."""
    return {name: value for name, value in record.items() if name not in known and value is not None}


def version(value: object) -> int | None:
    """The major number of a version such as 2, `2`, `2-0-1`, or of a schema's address that ends in one."""
    tail = (text(value) or "").rstrip("/").rpartition("/")[2].lstrip("v")
    digits = tail.replace(".", "-").partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else None


def trace(value: object) -> str | None:
    """The trace id in a W3C `traceparent`."""
    parts = (text(value) or "").split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else None
