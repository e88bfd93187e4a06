"""The allow-list: every form that a condition can take, as frozen values; whatever is not here does not parse."""

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime

from core.kernel.expressions.schema import Field, Kind


@dataclass(frozen=True)
class FieldRef:
    """A field where the text names it; `offset` is its place in the text and no part of its meaning."""

    field: Field
    offset: int = attribute(default=0, compare=False, repr=False)


@dataclass(frozen=True)
class Literal:
    """A constant as its kind compares: a scaled int for DECIMAL, an aware UTC datetime for TIME, a float for NUMBER."""

    kind: Kind
    value: int | float | str | bool | datetime
    scale: int = 0


@dataclass(frozen=True)
class Comparison:
    """`left operator right`, with one of = <> < <= > >=; false where a side is missing."""

    operator: str
    left: FieldRef
    right: FieldRef | Literal


@dataclass(frozen=True)
class InList:
    """Whether a field is among the constants; false where it is missing, negated or not."""

    ref: FieldRef
    values: tuple[Literal, ...]
    negated: bool = False


@dataclass(frozen=True)
class Like:
    """Whether text fits a pattern of % (any run) and _ (one character); false where it is missing, negated or not."""

    ref: FieldRef
    pattern: str
    negated: bool = False


@dataclass(frozen=True)
class IsNull:
    """Whether a field is missing: the only test that a missing value can pass."""

    ref: FieldRef
    negated: bool = False


@dataclass(frozen=True)
class And:
    """All parts hold; at least two parts, none of them an And."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Or:
    """Some part holds; at least two parts, none of them an Or."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold: true where the part is false, also where it is false for want of a value."""

    part: "Node"


Node = Comparison | InList | Like | IsNull | And | Or | Not | Literal


def both(parts: list[Node]) -> Node:
    """The conjunction of the parts, flat."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, And) else (part,))]
    return And(tuple(flat))


def either(parts: list[Node]) -> Node:
    """The disjunction of the parts, flat."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Or) else (part,))]
    return Or(tuple(flat))


def negation(part: Node) -> Node:
    """The part's opposite; a test for missing turns round in itself and two negations cancel."""
    if isinstance(part, IsNull):
        return IsNull(part.ref, not part.negated)
    if isinstance(part, Literal):
        return Literal(Kind.BOOL, not part.value)
    return part.part if isinstance(part, Not) else Not(part)


def children(node: Node) -> tuple[Node, ...]:
    """The conditions directly inside this one."""
    if isinstance(node, And | Or):
        return node.parts
    return (node.part,) if isinstance(node, Not) else ()


def refs(node: Node) -> Iterator[FieldRef]:
    """Every mention of a field, in the order of the text."""
    if isinstance(node, Comparison):
        yield from (side for side in (node.left, node.right) if isinstance(side, FieldRef))
    elif isinstance(node, InList | Like | IsNull):
        yield node.ref
    for child in children(node):
        yield from refs(child)


def depth(node: Node) -> int:
    """How many levels of AND, OR and NOT stand over the deepest comparison, itself included."""
    return 1 + max((depth(child) for child in children(node)), default=0)
