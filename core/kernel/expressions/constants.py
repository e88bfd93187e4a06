"""Constants: a word of the text as a value of its field's kind, exact or refused."""

import math
from collections.abc import Callable
from decimal import Context, Decimal

from sqlglot import exp

from core.kernel.errors import nearest
from core.kernel.expressions.diagnostics import Findings
from core.kernel.expressions.nodes import Literal
from core.kernel.expressions.schema import NUMERIC, TEXTUAL, Field, Kind
from core.kernel.times import TimeInvalid, from_text

INT_LIMIT = 2**63
FLOAT_DIGITS = 17
_EXACT = Context(prec=2048)
Constant = Decimal | str | bool


def plain(node: exp.Expr) -> exp.Expr:
    """The node without the parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def constant(node: exp.Expr) -> Constant | None:
    """The value that a node writes out, or None where the node is no constant."""
    inner = plain(node)
    if isinstance(inner, exp.Boolean):
        return bool(inner.this)
    if isinstance(inner, exp.Neg) and isinstance(plain(inner.this), exp.Literal):
        value = constant(inner.this)
        return _EXACT.minus(value) if isinstance(value, Decimal) else None
    if isinstance(inner, exp.Literal):
        return inner.this if inner.is_string else Decimal(inner.this)
    return None


def literal(field: Field, value: Constant, offset: int, findings: Findings) -> Literal | None:
    """The constant as this field compares it; notes a finding and gives None where it does not fit."""
    read = _READERS[field.kind]
    found = read(field, value, offset, findings)
    if found is not None:
        _check_domain(field, value, offset, findings)
    return found


def _integer(field: Field, value: Constant, offset: int, findings: Findings) -> Literal | None:
    if not _is_number(field, value, offset, findings):
        return None
    scaled = _scaled(field, value, 0, offset, findings)
    return None if scaled is None else Literal(Kind.INT, scaled)


def _decimal(field: Field, value: Constant, offset: int, findings: Findings) -> Literal | None:
    if not _is_number(field, value, offset, findings):
        return None
    scaled = _scaled(field, value, field.scale, offset, findings)
    return None if scaled is None else Literal(Kind.DECIMAL, scaled, field.scale)


def _number(field: Field, value: Constant, offset: int, findings: Findings) -> Literal | None:
    if not _is_number(field, value, offset, findings) or not isinstance(value, Decimal):
        return None
    if len(value.normalize(_EXACT).as_tuple().digits) > FLOAT_DIGITS or (value and not float(value)):
        _over_precise(value, f"a number keeps {FLOAT_DIGITS} digits", offset, findings)
        return None
    return Literal(Kind.NUMBER, float(value) + 0.0)


def _text(field: Field, value: Constant, offset: int, findings: Findings) -> Literal | None:
    if isinstance(value, str):
        return Literal(Kind.TEXT, value)
    return _mismatch(field, value, f"Write it in quotes: '{value}'.", offset, findings)


def _enum(field: Field, value: Constant, offset: int, findings: Findings) -> Literal | None:
    if not isinstance(value, str):
        return _mismatch(field, value, f"Write it in quotes: '{value}'.", offset, findings)
    if value in field.values:
        return Literal(Kind.ENUM, value)
    close = nearest(value, field.values)
    hint = f"Did you mean '{close}'?" if close else f"Known values: {', '.join(field.values)}."
    findings.add("unknown_value", offset, f"`{field.name}` has no value `{value}`.", hint)
    return None


def _flag(field: Field, value: Constant, offset: int, findings: Findings) -> Literal | None:
    if isinstance(value, bool):
        return Literal(Kind.BOOL, value)
    return _mismatch(
        field, value, f"Write `{field.name}`, `NOT {field.name}` or `{field.name} = FALSE`.", offset, findings
    )


def _time(field: Field, value: Constant, offset: int, findings: Findings) -> Literal | None:
    hint = "Write ISO 8601 in quotes, such as '2026-11-23T09:30:00Z' or '2026-11-23'."
    if not isinstance(value, str):
        return _mismatch(field, value, hint, offset, findings)
    try:
        return Literal(Kind.TIME, from_text(value))
    except (TimeInvalid, OverflowError):
        findings.add("bad_time", offset, f"`{value}` is not a time.", hint)
        return None


def _any(field: Field, value: Constant, offset: int, findings: Findings) -> Literal | None:
    if isinstance(value, bool):
        return Literal(Kind.BOOL, value)
    if isinstance(value, str):
        return Literal(Kind.TEXT, value)
    return _number(field, value, offset, findings)


_READERS: dict[Kind, Callable[[Field, Constant, int, Findings], Literal | None]] = {
    Kind.INT: _integer,
    Kind.DECIMAL: _decimal,
    Kind.NUMBER: _number,
    Kind.TEXT: _text,
    Kind.ENUM: _enum,
    Kind.BOOL: _flag,
    Kind.TIME: _time,
    Kind.ANY: _any,
}


def _is_number(field: Field, value: Constant, offset: int, findings: Findings) -> bool:
    if not isinstance(value, Decimal):
        hint = f"Compare `{field.name}` with a number, without quotes."
        _mismatch(field, value, hint, offset, findings)
        return False
    if math.isfinite(float(value)):
        return True
    findings.add("non_finite", offset, "The number is outside what a number can hold.", "Write a smaller number.")
    return False


def _scaled(field: Field, value: Constant, scale: int, offset: int, findings: Findings) -> int | None:
    scaled = _EXACT.scaleb(value, scale) if isinstance(value, Decimal) else Decimal("NaN")
    if scaled != scaled.to_integral_value():
        _over_precise(value, f"`{field.name}` keeps {scale} decimal places", offset, findings)
        return None
    if not -INT_LIMIT <= scaled < INT_LIMIT:
        _outside(field, value, offset, findings)
        return None
    return int(scaled)


def _mismatch(field: Field, value: Constant, hint: str, offset: int, findings: Findings) -> None:
    findings.add(
        "type_mismatch", offset, f"`{field.name}` is {_kind_words(field)}, but `{value}` is {_words(value)}.", hint
    )


def _over_precise(value: Constant, reason: str, offset: int, findings: Findings) -> None:
    findings.add("over_precise", offset, f"`{value}` is too precise: {reason}.", "Write fewer digits.")


def _outside(field: Field, value: Constant, offset: int, findings: Findings) -> None:
    low, high = field.minimum, field.maximum
    bounds = f"from {low if low is not None else 'any'} to {high if high is not None else 'any'}"
    findings.add(
        "constant_out_of_domain",
        offset,
        f"`{value}` lies outside the domain of `{field.name}`, which goes {bounds}.",
        "Such a comparison never changes its answer; write a constant inside the domain.",
    )


def _check_domain(field: Field, value: Constant, offset: int, findings: Findings) -> None:
    if not isinstance(value, Decimal):
        return
    below = field.minimum is not None and value < field.minimum
    above = field.maximum is not None and value > field.maximum
    if below or above:
        _outside(field, value, offset, findings)


def _kind_words(field: Field) -> str:
    if field.kind in NUMERIC:
        return "a number"
    if field.kind in TEXTUAL:
        return "text"
    return {Kind.BOOL: "true or false", Kind.TIME: "a time"}.get(field.kind, "a value of any type")


def _words(value: Constant) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "a number"
