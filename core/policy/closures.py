"""Conditions as Python closures over a normalised lead: typed values, decimals as scaled ints, None for missing.

The kernel's own closures take raw values; these take what the input contract has already checked, and so are faster.
"""

import operator
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from core.kernel.expressions import And, Comparison, FieldRef, InList, IsNull, Like, Literal, Node, Not, Or

Values = Mapping[str, object]
Test = Callable[[Values], bool]

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def closure(node: Node) -> Test:
    """A function that says whether the condition holds for normalised values."""
    match node:
        case Literal():
            return _constant(bool(node.value))
        case Comparison():
            return _comparison(node)
        case InList():
            return _in_list(node)
        case Like():
            return _like(node)
        case IsNull():
            return _is_null(node)
        case And():
            return every([closure(part) for part in node.parts])
        case Or():
            return some([closure(part) for part in node.parts])
        case Not():
            return _negation(closure(node.part))


def every(tests: list[Test]) -> Test:
    """A function that says whether all tests hold; true where there are none."""
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda values: first(values) and second(values)
    kept = tuple(tests)

    def holds(values: Values) -> bool:
        for test in kept:  # noqa: SIM110 - a generator would cost as much as the tests
            if not test(values):
                return False
        return True

    return holds


def some(tests: list[Test]) -> Test:
    """A function that says whether any test holds."""
    kept = tuple(tests)

    def holds(values: Values) -> bool:
        for test in kept:  # noqa: SIM110
            if test(values):
                return True
        return False

    return holds


def _constant(value: bool) -> Test:
    return lambda values: value


def _negation(test: Test) -> Test:
    return lambda values: not test(values)


def _comparison(node: Comparison) -> Test:
    if isinstance(node.right, FieldRef):
        return _field_comparison(node.left, node.operator, node.right)
    name, value, compare = node.left.field.name, node.right.value, OPERATORS[node.operator]
    if node.operator == "=":
        return lambda values: values[name] == value
    if not node.left.field.optional:
        return lambda values: compare(values[name], value)
    return lambda values: (found := values[name]) is not None and compare(found, value)


def _field_comparison(left: FieldRef, sign: str, right: FieldRef) -> Test:
    first, second, compare = left.field.name, right.field.name, OPERATORS[sign]

    def holds(values: Values) -> bool:
        one, other = values[first], values[second]
        return one is not None and other is not None and compare(one, other)

    return holds


def _in_list(node: InList) -> Test:
    name, members = node.ref.field.name, frozenset(item.value for item in node.values)
    if node.negated:
        return lambda values: (found := values[name]) is not None and found not in members
    return lambda values: values[name] in members


def _like(node: Like) -> Test:
    parts = {"%": ".*", "_": "."}
    pattern = "".join(parts.get(character) or re.escape(character) for character in node.pattern)
    matches = partial(re.compile(pattern, re.DOTALL).fullmatch)
    name, wanted = node.ref.field.name, not node.negated
    return lambda values: (found := values[name]) is not None and (matches(str(found)) is not None) is wanted


def _is_null(node: IsNull) -> Test:
    name = node.ref.field.name
    if node.negated:
        return lambda values: values[name] is not None
    return lambda values: values[name] is None
