"""The input contract: each value checked against its field's type and domain, and brought to one form.

Normal form: ints, decimals as ints scaled by the field's places (half up), bools, texts; None for a missing value.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from core.policy.blocks import InputField
from core.policy.document import Document

LARGEST = 10**15
Check = Callable[[object], tuple[object, str | None]]


@dataclass(frozen=True)
class Bounds:
    """The smallest and largest allowed value of a number, in its normal form."""

    low: int
    high: int


@dataclass(frozen=True)
class Contract:
    """The checks of every declared field, in the document's order."""

    checks: tuple[tuple[str, Check], ...]

    def normalise(self, inputs: Mapping[str, object]) -> tuple[dict[str, object], list[tuple[str, str]]]:
        """The values in normal form, and (field, code) of every value that breaks the contract."""
        values: dict[str, object] = {}
        broken: list[tuple[str, str]] = []
        for name, check in self.checks:
            values[name], code = check(inputs.get(name))
            if code is not None:
                broken.append((name, code))
        return values, broken


def contract_of(document: Document) -> Contract:
    """The document's input contract, ready to check leads."""
    return Contract(tuple((name, check_of(field)) for name, field in document.inputs.fields.items()))


def bounds(field: InputField) -> Bounds:
    """The field's domain in normal form; a side that is not declared is ten to the fifteenth."""
    scale = field.scale or 0
    low = -LARGEST if field.min is None else exact(field.min, scale)
    high = LARGEST if field.max is None else exact(field.max, scale)
    return Bounds(low, high)


def exact(value: float, scale: int) -> int:
    """A written number as an int scaled by `scale` decimal places; the document keeps no more places than that."""
    return int((Decimal(str(value)) * 10**scale).to_integral_value())


def check_of(field: InputField) -> Check:
    """The check of one field: a value to (normal form, None), or (None, code) where it breaks the contract."""
    missing = "missing" if field.required else None
    if field.type == "bool":
        return _bool_check(missing)
    if field.type in ("enum", "text"):
        return _text_check(missing, frozenset(field.values) if field.type == "enum" else None)
    if field.type == "int":
        return _int_check(missing, bounds(field))
    return _decimal_check(missing, bounds(field), field.scale or 0)


def _bool_check(missing: str | None) -> Check:
    def check(value: object) -> tuple[object, str | None]:
        if value is True or value is False:
            return value, None
        return None, missing if value is None else "wrong_type"

    return check


def _text_check(missing: str | None, words: frozenset[str] | None) -> Check:
    def check(value: object) -> tuple[object, str | None]:
        if value is None:
            return None, missing
        if not isinstance(value, str):
            return None, "wrong_type"
        if words is not None and value not in words:
            return None, "unknown_value"
        return value, None

    return check


def _int_check(missing: str | None, domain: Bounds) -> Check:
    low, high = domain.low, domain.high

    def check(value: object) -> tuple[object, str | None]:
        if value is None:
            return None, missing
        if isinstance(value, float):
            value, code = _whole(value)
            if code:
                return None, code
        if not isinstance(value, int) or isinstance(value, bool):
            return None, "wrong_type"
        return (value, None) if low <= value <= high else (None, "out_of_domain")

    return check


def _whole(value: float) -> tuple[int | None, str | None]:
    if not math.isfinite(value):
        return None, "not_a_number"
    return (int(value), None) if value.is_integer() else (None, "wrong_type")


def _decimal_check(missing: str | None, domain: Bounds, scale: int) -> Check:
    low, high, factor = domain.low, domain.high, 10.0**scale

    def check(value: object) -> tuple[object, str | None]:
        if value is None:
            return None, missing
        if isinstance(value, bool) or not isinstance(value, float | int | Decimal):
            return None, "wrong_type"
        number = float(value)
        if not math.isfinite(number):
            return None, "not_a_number"
        points = number * factor + 0.5
        if not low <= points < high + 1:
            return None, "out_of_domain"
        return math.floor(points), None

    return check
