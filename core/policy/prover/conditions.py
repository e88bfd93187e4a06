"""Conditions over symbols: the solver's twin of `core.policy.closures`."""

import operator
from collections.abc import Callable
from typing import Any

import z3

from core.kernel.expressions import And, Comparison, FieldRef, InList, IsNull, Like, Literal, Node, Not, Or
from core.kernel.expressions.patterns import matcher
from core.kernel.expressions.schema import Field, Kind
from core.policy.prover.symbols import OTHER, TRUE, Symbol, Symbols, Term, Truth, Words, among

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(node: Node, lead: Symbols, words: Words) -> Truth:
    """Whether the condition is true of the symbolic lead; false on a missing value, as everywhere."""
    match node:
        case Literal():
            return z3.BoolVal(bool(node.value))
        case Comparison():
            return _comparison(node, lead, words)
        case InList():
            return _in_list(node, lead, words)
        case Like():
            return _like(node, lead, words)
        case IsNull():
            known = lead[node.ref.field.name].known
            return known if node.negated else z3.Not(known)
        case And():
            return z3.And([holds(part, lead, words) for part in node.parts])
        case Or():
            return z3.Or([holds(part, lead, words) for part in node.parts])
        case Not():
            return z3.Not(holds(node.part, lead, words))


def constant(value: object, words: Words) -> Term:
    """A value in normal form as a term."""
    if isinstance(value, bool):
        return z3.BoolVal(value)
    return z3.IntVal(value) if isinstance(value, int) else words.term(str(value))


def _comparison(node: Comparison, lead: Symbols, words: Words) -> Truth:
    left, compare = lead[node.left.field.name], OPERATORS[node.operator]
    if isinstance(node.right, FieldRef):
        return _fields(node.left.field, left, node.operator, node.right.field, lead[node.right.field.name])
    return z3.And(left.known, compare(left.value, constant(node.right.value, words)))


def _fields(one: Field, left: Symbol, sign: str, other: Field, right: Symbol) -> Truth:
    """Two fields compared; two texts that no condition names may be equal or not."""
    plain = OPERATORS[sign](left.value, right.value)
    if one.kind is Kind.TEXT and other.kind is Kind.TEXT:
        same = z3.Bool(f"{one.name} is {other.name}")
        unnamed = z3.And(left.value == OTHER, right.value == OTHER)
        plain = z3.If(unnamed, same if sign == "=" else z3.Not(same), plain)
    return z3.And(left.known, right.known, plain)


def _in_list(node: InList, lead: Symbols, words: Words) -> Truth:
    symbol = lead[node.ref.field.name]
    member = z3.Or([symbol.value == constant(item.value, words) for item in node.values])
    return z3.And(symbol.known, z3.Not(member) if node.negated else member)


def _like(node: Like, lead: Symbols, words: Words) -> Truth:
    field, symbol = node.ref.field, lead[node.ref.field.name]
    fits = matcher(node.pattern)
    named = among(symbol.value, [code for word, code in words.codes.items() if fits(word)])
    unnamed = z3.And(symbol.value == OTHER, fitting(field.name, node.pattern))
    matches = z3.Or(named, unnamed)
    return z3.And(symbol.known, z3.Not(matches) if node.negated else matches)


def fitting(field: str, pattern: str) -> Truth:
    """Whether the field's text, when no condition names it, fits the pattern: free, as the solver reads no texts."""
    if set(pattern) == {"%"}:
        return TRUE
    return z3.Bool(f"{field} fits {pattern}")
