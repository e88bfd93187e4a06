"""The normal text of a condition: one spelling for one meaning of the nodes."""

from datetime import datetime
from decimal import Decimal

from core.kernel.expressions.nodes import (
    And,
    Comparison,
    FieldRef,
    InList,
    IsNull,
    Like,
    Literal,
    Node,
    Not,
    Or,
)
from core.kernel.expressions.schema import Kind
from core.kernel.expressions.words import is_plain
from core.kernel.times import to_text


def write(node: Node) -> str:
    """The condition in its normal text."""
    if isinstance(node, And):
        return " AND ".join(_inside(part, Or) for part in node.parts)
    if isinstance(node, Or):
        return " OR ".join(write(part) for part in node.parts)
    if isinstance(node, Not):
        return f"NOT {_inside(node.part, And, Or, Comparison, InList, Like)}"
    return constant(node) if isinstance(node, Literal) else _atom(node)


def _atom(node: Comparison | InList | Like | IsNull) -> str:
    if isinstance(node, Comparison):
        return _comparison(node)
    name, negation = _name(node.ref), "NOT " if node.negated else ""
    if isinstance(node, InList):
        return f"{name} {negation}IN ({', '.join(constant(value) for value in node.values)})"
    if isinstance(node, Like):
        return f"{name} {negation}LIKE {quoted(node.pattern)}"
    return f"{name} IS {negation}NULL"


def _comparison(node: Comparison) -> str:
    if _is_bare(node):
        return _name(node.left)
    right = constant(node.right) if isinstance(node.right, Literal) else _name(node.right)
    return f"{_name(node.left)} {node.operator} {right}"


def _is_bare(node: Node) -> bool:
    return isinstance(node, Comparison) and node.left.field.kind is Kind.BOOL and node.right == Literal(Kind.BOOL, True)


def _inside(node: Node, *kinds: type) -> str:
    return f"({write(node)})" if isinstance(node, kinds) and not _is_bare(node) else write(node)


def _name(ref: FieldRef) -> str:
    name = ref.field.name
    return name if is_plain(name) else '"' + name.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """Text in single quotes, those inside it doubled."""
    return "'" + text.replace("'", "''") + "'"


def constant(value: Literal) -> str:
    """A constant as conditions write it."""
    if isinstance(value.value, bool):
        return "TRUE" if value.value else "FALSE"
    if isinstance(value.value, datetime):
        return quoted(to_text(value.value))
    if isinstance(value.value, str):
        return quoted(value.value)
    return number(value)


def number(value: Literal) -> str:
    """A number without a trailing zero or point."""
    if isinstance(value.value, float):
        shown = int(value.value) if value.value.is_integer() and abs(value.value) < 1e15 else value.value
        return repr(shown)
    exact = Decimal(str(value.value)).scaleb(-value.scale)
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
