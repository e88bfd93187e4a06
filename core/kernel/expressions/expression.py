"""A checked condition: parsed once, then rendered for every engine that must agree on it."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

from sqlglot import exp
from sqlglot.errors import ParseError
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType

from core.kernel.expressions import duckdb_sql, guards, python_closure, spark_sql, wording
from core.kernel.expressions.diagnostics import Findings
from core.kernel.expressions.nodes import And, Node, both, depth, refs
from core.kernel.expressions.reading import INFIX, Reader
from core.kernel.expressions.schema import Field, Kind, Schema
from core.kernel.expressions.words import DEPTH_LIMIT, SYNTAX_HINT, add_depth, read


@dataclass(frozen=True)
class Expression:
    """A condition that fits its fields: true or false for every row, never missing."""

    text: str
    node: Node

    @property
    def kind(self) -> Kind:
        """Always BOOL."""
        return Kind.BOOL

    @cached_property
    def canonical(self) -> str:
        """The normal text: it parses back to the same nodes, whatever the spacing and case of the original."""
        return wording.write(self.node)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The names of the fields that the condition reads."""
        return frozenset(ref.field.name for ref in refs(self.node))

    def parted(self, names: Set[str]) -> tuple["Expression | None", "Expression | None"]:
        """Two conditions that hold together where this one does: what reads these fields alone, and the rest."""
        parts = self.node.parts if isinstance(self.node, And) else (self.node,)
        inside = [part for part in parts if {ref.field.name for ref in refs(part)} <= names]
        return _all_of(inside), _all_of([part for part in parts if part not in inside])

    def to_python(self) -> Callable[[Mapping[str, object]], bool]:
        """A function of a row (field name to value): true or false; None, NaN, infinity and unfit types are missing."""
        return python_closure.compose(self.node)

    def to_sql(
        self,
        column: Callable[[Field], str] | None = None,
        *,
        prepared: bool = False,
        stored: Callable[[Field], Kind | None] | None = None,
    ) -> str:
        """DuckDB SQL, never NULL; `column` gives a field's SQL, already through duckdb_sql.comparable if `prepared`.

        `stored` gives the kind of an ANY field whose SQL is a column of that one kind, None where it is JSON.
        """
        return duckdb_sql.render(self.node, column, prepared=prepared, stored=stored)

    def to_spark(self, column: Callable[[Field], str] | None = None) -> str:
        """Spark SQL, never NULL; `column` gives a field's SQL."""
        return spark_sql.render(self.node, column)


def _all_of(parts: list[Node]) -> Expression | None:
    if not parts:
        return None
    node = parts[0] if len(parts) == 1 else both(parts)
    return Expression(wording.write(node), node)


def parse(text: str, schema: Schema, *, strict_missing: bool = False) -> Expression:
    """The condition that a text writes; raises ExpressionInvalid with every finding.

    With `strict_missing` an optional field under NOT must be guarded by IS NOT NULL.
    """
    return _parse(text, schema, strict_missing)


@lru_cache(maxsize=4096)
def _parse(text: str, schema: Schema, strict_missing: bool) -> Expression:
    findings = Findings(text)
    tree = _tree(text, read(text, findings), findings)
    node = Reader(schema, findings).condition(tree)
    if node is None:
        raise findings.error()
    if depth(node) > DEPTH_LIMIT:
        add_depth(0, findings)
    if strict_missing:
        guards.check(node, findings)
    findings.stop_if_any()
    return Expression(text, node)


class _Parser(Parser):
    """sqlglot's parser, which also keeps where TRUE, FALSE and NULL stand, and NOT IN apart from NOT (... IN ...)."""

    PRIMARY_PARSERS: ClassVar = {
        **Parser.PRIMARY_PARSERS,
        TokenType.NULL: lambda self, token: self.expression(exp.Null(), token),
        TokenType.TRUE: lambda self, token: self.expression(exp.Boolean(this=True), token),
        TokenType.FALSE: lambda self, token: self.expression(exp.Boolean(this=False), token),
    }

    def _negate_range(self, this: exp.Expr | None = None) -> exp.Expr | None:
        negated = super()._negate_range(this)
        if isinstance(negated, exp.Not):
            negated.meta[INFIX] = True
        return negated


def _tree(text: str, tokens: list[Token], findings: Findings) -> exp.Expr:
    trees: list[exp.Expr | None] = []
    try:
        trees = _Parser().parse(tokens, text)
    except ParseError as error:
        _add_syntax(text, error, findings)
    except RecursionError:
        add_depth(0, findings)
    if len(trees) == 1 and trees[0] is not None:
        return trees[0]
    findings.stop_if_any()
    findings.add("syntax", 0, "The text is not one condition.", SYNTAX_HINT)
    raise findings.error()


def _add_syntax(text: str, error: ParseError, findings: Findings) -> None:
    first = error.errors[0] if error.errors else {}
    shown = first.get("highlight") or "the end"
    findings.add(
        "syntax",
        _offset(text, first.get("line") or 1, first.get("col") or 1, shown),
        f"The condition does not read on after `{shown}`.",
        SYNTAX_HINT,
    )


def _offset(text: str, line: int, column: int, shown: str) -> int:
    start = sum(len(before) + 1 for before in text.split("\n")[: line - 1])
    return min(max(start + column - len(shown), 0), len(text))
