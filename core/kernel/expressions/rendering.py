"""Nodes to SQL: what DuckDB and Spark share, with missing values folded to FALSE as seldom as possible."""

import re
from collections.abc import Callable
from typing import Protocol

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
from core.kernel.expressions.schema import Field, Kind

Column = Callable[[Field], str]
Stored = Callable[[Field], Kind | None]
_ATOMIC = re.compile(r"""[\w.]+|(?:\w+\.)?(?:"[^"]*"|`[^`]*`)""")


class Dialect(Protocol):
    """What an engine says in its own words."""

    def column(self, field: Field) -> str:
        """The field's column by default."""
        ...

    def comparable(self, field: Field, sql: str, asked: Kind | None = None) -> str:
        """The column as conditions compare it, NULL where it is missing or unfit."""
        ...

    def literal(self, value: Literal) -> str:
        """A constant."""
        ...

    def pattern(self, pattern: str) -> str:
        """A LIKE pattern."""
        ...


class Renderer:
    """Renders nodes for one engine.

    Inside AND and OR a NULL may stand for FALSE, as both only ever turn more true with their parts; it is folded
    once, at the top and under each NOT.
    """

    def __init__(
        self, dialect: Dialect, column: Column | None, *, prepared: bool = False, stored: Stored | None = None
    ) -> None:
        self.dialect = dialect
        self.given = column
        self.prepared = prepared
        self.stored = stored

    def closed(self, node: Node) -> str:
        """SQL that is TRUE or FALSE, never NULL."""
        sql = self.open(node)
        return f"coalesce({sql}, FALSE)" if may_be_null(node) else sql

    def open(self, node: Node) -> str:
        """SQL that is TRUE where the condition holds, else FALSE or NULL."""
        if isinstance(node, And):
            return " AND ".join(self._part(part) for part in node.parts)
        if isinstance(node, Or):
            return " OR ".join(self._part(part) for part in node.parts)
        if isinstance(node, Not):
            return f"NOT ({self.closed(node.part)})"
        return self.dialect.literal(node) if isinstance(node, Literal) else self._atom(node)

    def _part(self, node: Node) -> str:
        return f"({self.open(node)})" if isinstance(node, And | Or | Not) else self.open(node)

    def _atom(self, node: Comparison | InList | Like | IsNull) -> str:
        if isinstance(node, Comparison):
            return self._comparison(node)
        if isinstance(node, InList):
            return self._member(node)
        if isinstance(node, Like):
            left, no = self._value(node.ref, Kind.TEXT), "NOT " if node.negated else ""
            return f"{left} {no}LIKE {self.dialect.pattern(node.pattern)}"
        return f"{self._value(node.ref)} IS {'NOT ' if node.negated else ''}NULL"

    def _comparison(self, node: Comparison) -> str:
        if not isinstance(node.right, Literal):
            return f"{self._value(node.left)} {node.operator} {self._value(node.right)}"
        left = self._value(node.left, node.right.kind)
        if node.left.field.kind is Kind.BOOL and node.right.value is True:
            return left
        return f"{left} {node.operator} {self.dialect.literal(node.right)}"

    def _member(self, node: InList) -> str:
        left = self._value(node.ref, node.values[0].kind)
        values = ", ".join(self.dialect.literal(value) for value in node.values)
        return f"{left} {'NOT ' if node.negated else ''}IN ({values})"

    def _value(self, ref: FieldRef, asked: Kind | None = None) -> str:
        sql = self.dialect.column(ref.field) if self.given is None else _enclosed(self.given(ref.field))
        if self.prepared and ref.field.kind is not Kind.ANY:
            return sql
        held = self.stored(ref.field) if self.stored and ref.field.kind is Kind.ANY else None
        if held is not None:
            return sql if asked in (None, held) else "NULL"
        return self.dialect.comparable(ref.field, sql, asked if ref.field.kind is Kind.ANY else None)


def _enclosed(sql: str) -> str:
    return sql if _ATOMIC.fullmatch(sql) else f"({sql})"


def may_be_null(node: Node) -> bool:
    """Whether the open form of a node can be NULL."""
    if isinstance(node, And | Or):
        return any(may_be_null(part) for part in node.parts)
    return isinstance(node, Comparison | InList | Like)
