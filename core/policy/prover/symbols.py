"""A lead whose values are unknown: one symbol a field, with the domain that the input contract allows.

Numbers and scaled decimals are integers, words are integers of one dictionary, a missing value is a symbol not known.
A text that no condition names is one word, OTHER: conditions cannot tell such texts apart but by LIKE, see `patterns`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import z3

from core.kernel.expressions import Comparison, InList, Like, Literal, Node
from core.kernel.expressions.nodes import children
from core.policy.blocks import InputField
from core.policy.contract import bounds
from core.policy.document import Policy

OTHER = 0
Term = Any
Truth = Any
"""An integer and a truth value of the solver; its own annotations do not know its overloaded operators."""
TRUE, FALSE = z3.BoolVal(True), z3.BoolVal(False)


@dataclass(frozen=True)
class Symbol:
    """A value (integer or truth value) and whether it is there."""

    value: Term
    known: Truth = TRUE


Symbols = Mapping[str, Symbol]


@dataclass
class Words:
    """The dictionary of all words: a number each; OTHER stands for any text that no condition names."""

    codes: dict[str, int] = field(default_factory=dict)

    def code(self, word: str) -> int:
        """The word's number, given at its first use."""
        return self.codes.setdefault(word, len(self.codes) + 1)

    def term(self, word: str) -> Term:
        """The word as a constant."""
        return z3.IntVal(self.code(word))

    def word(self, code: int) -> str | None:
        """The word of a number; None for OTHER."""
        return next((word for word, known in self.codes.items() if known == code), None)


@dataclass(frozen=True)
class Texts:
    """What the conditions say about a text field: the words that they name and the patterns that they ask for."""

    words: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()


def make_lead(fields: Mapping[str, InputField], prefix: str) -> dict[str, Symbol]:
    """A fresh symbolic lead; its names in the solver begin with `prefix`."""
    return {name: _symbol(f"{prefix}{name}", declared) for name, declared in fields.items()}


def _symbol(name: str, declared: InputField) -> Symbol:
    value = z3.Bool(name) if declared.type == "bool" else z3.Int(name)
    return Symbol(value, z3.Bool(f"{name} is known"))


def allowed(declared: InputField, symbol: Symbol, words: Words, texts: Texts) -> Truth:
    """Whether the input contract accepts the field's value."""
    inside = inner_domain(declared, symbol, words, texts)
    return z3.And(symbol.known, inside) if declared.required else z3.Implies(symbol.known, inside)


def inner_domain(declared: InputField, symbol: Symbol, words: Words, texts: Texts) -> Truth:
    """Whether a value that is there lies in the field's domain."""
    if declared.type == "bool":
        return TRUE
    if declared.type == "enum":
        return among(symbol.value, (words.code(word) for word in declared.values))
    if declared.type == "text":
        return among(symbol.value, (OTHER, *(words.code(word) for word in sorted(texts.words))))
    limits = bounds(declared)
    return z3.And(symbol.value >= limits.low, symbol.value <= limits.high)


def among(value: Term, codes: Iterable[int]) -> Truth:
    """Whether the value is one of the numbers."""
    return z3.Or([value == code for code in codes])


def texts_of(policy: Policy) -> dict[str, Texts]:
    """By text field, the patterns that its conditions ask for, and the words that the conditions of any text name."""
    names = [name for name, declared in policy.input_fields.items() if declared.type == "text"]
    found = [mention for node in nodes_of(policy) for mention in _mentions(node) if mention[0] in names]
    words = frozenset(word for _, named, _ in found for word in named)
    return {
        name: Texts(words, frozenset(pattern for one, _, asked in found if one == name for pattern in asked))
        for name in names
    }


def nodes_of(policy: Policy) -> Iterator[Node]:
    """Every node of every condition."""
    for expression in policy.conditions.everything:
        yield from _below(expression.node)


def _below(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _below(child)


def _mentions(node: Node) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    match node:
        case InList():
            yield node.ref.field.name, frozenset(str(item.value) for item in node.values), frozenset()
        case Like():
            yield node.ref.field.name, frozenset(), frozenset({node.pattern})
        case Comparison(right=Literal() as right):
            yield node.left.field.name, frozenset({str(right.value)}), frozenset()
