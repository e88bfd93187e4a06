"""A row's values as conditions compare them: the Python twin of `duckdb_sql.comparable`."""

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import cast

from core.kernel.expressions.schema import Field, Kind
from core.kernel.times import utc

BIGINT_LIMIT = 2.0**63
Reader = Callable[[object], object]


def reader(field: Field, kind: Kind | None = None) -> Reader:
    """What turns a raw value of the field into a comparable one, or None where it is missing or unfit.

    For an ANY field `kind` says which type the comparison asks for: NUMBER, TEXT or BOOL.
    """
    if field.kind is Kind.DECIMAL:
        return scaled_reader(field.scale)
    return _READERS[field.kind if kind is None else kind]


def scaled_reader(scale: int) -> Reader:
    """Numbers as whole units of 10^-scale, half away from zero: 0.8 with scale 4 is 8000."""
    factor = float(10**scale)

    def read(value: object) -> int | None:
        number = as_number(value)
        return None if number is None else _rounded(number * factor)

    return read


def _rounded(number: float) -> int | None:
    if not -BIGINT_LIMIT <= number < BIGINT_LIMIT:
        return None
    whole = math.trunc(number)
    if abs(number - whole) >= 0.5:
        whole += 1 if number > 0 else -1
    return whole


def as_number(value: object) -> float | None:
    """The value as a finite double; truth values, text and what a double cannot hold are missing."""
    if type(value) is not float:
        if isinstance(value, bool) or not isinstance(value, Real | Decimal):
            return None
        try:
            value = float(value)
        except (OverflowError, ValueError):
            return None
    return value if math.isfinite(value) else None


def as_integer(value: object) -> int | None:
    """The value as a whole number; other types and numbers with a fraction are missing."""
    if type(value) is int:
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real | Decimal) and as_number(value) is not None:
        whole = cast(int, math.trunc(value))
        return whole if whole == value else None
    return None


def as_text(value: object) -> str | None:
    """The value if it is text."""
    return value if isinstance(value, str) else None


def as_flag(value: object) -> bool | None:
    """The value if it is a truth value."""
    return value if isinstance(value, bool) else None


def as_time(value: object) -> datetime | None:
    """The value as an aware UTC datetime if it is a datetime; a naive one is taken as UTC."""
    return utc(value) if isinstance(value, datetime) else None


def as_json(value: object) -> object | None:
    """Any JSON value as it is; a number that no double holds is missing."""
    return as_number(value) if isinstance(value, Real) and not isinstance(value, bool) else value


_READERS: dict[Kind, Reader] = {
    Kind.INT: as_integer,
    Kind.NUMBER: as_number,
    Kind.TEXT: as_text,
    Kind.ENUM: as_text,
    Kind.BOOL: as_flag,
    Kind.TIME: as_time,
    Kind.ANY: as_json,
}
