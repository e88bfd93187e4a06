"""Canonical JSON and the hashes made from it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

import rfc8785

from core.kernel.times import to_text

LARGEST_EXACT = 2**53


def plain(value: object) -> object:
    """The value in JSON's own types: datetimes as UTC text, decimals as numbers, dataclasses as objects."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < LARGEST_EXACT else str(value)
    if isinstance(value, float):
        return value
    return _plain_compound(value)


def _plain_compound(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a {type(value).__name__} has no canonical JSON form")


def canonical(value: object) -> bytes:
    """The value as canonical JSON (RFC 8785); raises ValueError for NaN and infinities."""
    return rfc8785.dumps(plain(value))  # type: ignore[arg-type]


def digest(value: object) -> str:
    """`sha256:<hex>` of the bytes given, or of the value's canonical JSON."""
    data = value if isinstance(value, bytes) else canonical(value)
    return "sha256:" + hashlib.sha256(data).hexdigest()


def short(hash_text: str) -> str:
    """The first 12 hex digits of a hash: how people refer to it."""
    return hash_text.removeprefix("sha256:")[:12]
