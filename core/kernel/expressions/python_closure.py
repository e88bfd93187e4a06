"""Conditions as Python: closures composed from small functions, never generated code."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from core.kernel.expressions.nodes import And, Comparison, InList, IsNull, Like, Literal, Node, Not, Or
from core.kernel.expressions.patterns import matcher
from core.kernel.expressions.schema import Field, Kind
from core.kernel.expressions.values import Reader, reader

Row = Mapping[str, object]
Test = Callable[[Row], bool]
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compose(node: Node) -> Test:
    """The condition as a function of a row."""
    if isinstance(node, And):
        return _every([compose(part) for part in node.parts])
    if isinstance(node, Or):
        return _any([compose(part) for part in node.parts])
    if isinstance(node, Not):
        return _not(compose(node.part))
    if isinstance(node, Literal):
        return _always(bool(node.value))
    return _atom(node)


def _atom(node: Comparison | InList | Like | IsNull) -> Test:
    if isinstance(node, Comparison):
        return _fields(node) if not isinstance(node.right, Literal) else _constant(node, node.right)
    if isinstance(node, InList):
        return _member(node)
    return _like(node) if isinstance(node, Like) else _missing(node)


def _every(tests: list[Test]) -> Test:
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda row: any(test(row) for test in tests)


def _not(test: Test) -> Test:
    return lambda row: not test(row)


def _always(value: bool) -> Test:
    return lambda row: value


def _asked(field: Field, value: Literal) -> Reader:
    return reader(field, value.kind if field.kind is Kind.ANY else None)


def _constant(node: Comparison, right: Literal) -> Test:
    name, read = node.left.field.name, _asked(node.left.field, right)
    compare, constant = _OPERATORS[node.operator], right.value

    def test(row: Row) -> bool:
        value = read(row.get(name))
        return value is not None and compare(value, constant)

    return test


def _fields(node: Comparison) -> Test:
    left, right = node.left.field, node.right.field  # pyright: ignore[reportAttributeAccessIssue]
    read_left, read_right, compare = reader(left), reader(right), _OPERATORS[node.operator]

    def test(row: Row) -> bool:
        a, b = read_left(row.get(left.name)), read_right(row.get(right.name))
        return a is not None and b is not None and compare(a, b)

    return test


def _member(node: InList) -> Test:
    name, read = node.ref.field.name, _asked(node.ref.field, node.values[0])
    members, wanted = frozenset(value.value for value in node.values), not node.negated

    def test(row: Row) -> bool:
        value = read(row.get(name))
        return value is not None and (value in members) is wanted

    return test


def _like(node: Like) -> Test:
    name, read, matches, wanted = (
        node.ref.field.name,
        reader(node.ref.field, Kind.TEXT),
        matcher(node.pattern),
        not node.negated,
    )

    def test(row: Row) -> bool:
        value = read(row.get(name))
        return isinstance(value, str) and matches(value) is wanted

    return test


def _missing(node: IsNull) -> Test:
    name, read, wanted = node.ref.field.name, reader(node.ref.field), not node.negated
    return lambda row: (read(row.get(name)) is None) is wanted
