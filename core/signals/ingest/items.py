"""One item's values: what a translation gives, and the checks that need no other item."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.kernel.times import naive
from core.signals.adapters.adapter import Canonical, Link, RecordUnfit
from core.signals.ingest.parcels import COLUMNS

DEEPEST = 32
LONGEST_ITEM = 65_536
TEXTS = tuple(name for name in COLUMNS if name not in ("properties", "context", "occurred_at"))
EPOCH_MILLISECONDS = 100_000_000_000


class ItemRefused(Exception):
    """One item that cannot be stored: a code and a detail that repeats no personal value."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Seen:
    """What the server knows about a request: the sender's source, the trace, and the moment of receipt."""

    source: str
    trace_id: str | None
    now: datetime


@dataclass(frozen=True)
class Given:
    """An item in our terms: envelope texts by name, the two objects, and when it happened (None: on receipt).

    `traits` are attributes of its lead, `links` what it says about ids.
    """

    texts: Mapping[str, str | None]
    properties: Mapping[str, Any]
    context: Mapping[str, Any]
    occurred_at: datetime | None
    shifted: bool
    traits: Mapping[str, Any]
    links: tuple[Link, ...]

    @classmethod
    def of(
        cls, found: Canonical, own: Mapping[str, str | None], occurred_at: datetime | None, *, shifted: bool = False
    ) -> "Given":
        """What an adapter made of the item, with what the server knows better."""
        event = {**found.event, **own}
        texts = {name: None if event.get(name) is None else str(event[name]) for name in TEXTS}
        properties, context = event.get("properties") or {}, event.get("context") or {}
        return cls(texts, properties, context, occurred_at, shifted, found.traits, found.links)


def fitting(translate: Callable[[Mapping[str, Any]], Canonical], item: Mapping[str, Any]) -> Canonical:
    """What an adapter makes of the item; raises ItemRefused where it is not one of its own."""
    try:
        return translate(item)
    except RecordUnfit as unfit:
        raise ItemRefused(unfit.code, unfit.detail) from unfit


def checked_values(given: Given) -> tuple[Any, ...]:
    """The values in the order of COLUMNS; raises ItemRefused."""
    properties, context = _json("properties", given.properties), _json("context", given.context)
    texts = [given.texts.get(name) for name in TEXTS]
    _require_text(texts)
    return *texts, properties, context, None if given.occurred_at is None else naive(given.occurred_at)


def text(message: Mapping[str, Any], *names: str) -> str | None:
    """The first present one of these members as text, numbers included; raises ItemRefused for anything else."""
    for name in names:
        value = message.get(name)
        if isinstance(value, str):
            if value.strip():
                return value.strip()
        elif isinstance(value, int | float) and not isinstance(value, bool):
            return str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)
        elif value is not None:
            raise ItemRefused("wrong_type", f"`{name}` is a {type(value).__name__} where text is expected")
    return None


def moment(message: Mapping[str, Any], *names: str) -> datetime | None:
    """The first present one of these members as an aware UTC moment; raises ItemRefused."""
    for name in names:
        if message.get(name) is not None:
            return _moment(name, message[name])
    return None


def _moment(name: str, value: Any) -> datetime:
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value.strip())
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1_000 if abs(value) >= EPOCH_MILLISECONDS else value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ItemRefused("impossible_time", f"`{name}` is no time") from error
    raise ItemRefused("impossible_time", f"`{name}` is a {type(value).__name__}, which is no time")


def _json(name: str, value: Mapping[str, Any]) -> str | None:
    if not value:
        return None
    try:
        found = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise ItemRefused("not_finite", f"a number in `{name}` is not finite") from error
    if found.count("{") + found.count("[") > DEEPEST and _depth(value) > DEEPEST:
        raise ItemRefused("too_deep", f"`{name}` is nested deeper than {DEEPEST} levels")
    if len(found) > LONGEST_ITEM:
        raise ItemRefused("too_large", f"`{name}` is longer than {LONGEST_ITEM:,} characters")
    _require_text([found])
    return found


def _require_text(values: list[str | None]) -> None:
    try:
        "".join(value for value in values if value).encode()
    except UnicodeEncodeError as error:
        raise ItemRefused("invalid_text", "a text is not valid Unicode") from error


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return deepest
