"""A policy as Spark SQL: the statement that DuckDB runs, through sqlglot, with what Spark means otherwise rewritten.

A cluster decides over a table with one column an input: BIGINT, DOUBLE, BOOLEAN or STRING as `column_types` says.
"""

from collections.abc import Sequence

import sqlglot
from sqlglot import exp

from core.policy.document import Policy
from core.policy.sql import render

LARGEST_WHOLE = 9e18


def render_spark(policy: Policy, relation: str, keep: Sequence[str] = ()) -> str:
    """The SELECT of `core.policy.sql.render` in Spark's dialect; it gives the same rows."""
    tree = sqlglot.parse_one(render(policy, relation, keep), read="duckdb")
    return tree.transform(_in_spark).sql(dialect="spark")


def _in_spark(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous) and (rewritten := _CALLS.get(node.name.lower())):
        return rewritten(*(one.transform(_in_spark) for one in node.expressions))
    if isinstance(node, exp.TryCast) and isinstance(node.this, exp.Floor):
        return _whole(node.this.this.transform(_in_spark))
    if isinstance(node, exp.Like) and isinstance(node.expression, exp.Literal):
        node.set("expression", exp.Literal.string(node.expression.name.replace("\\", "\\\\")))
    return node


def _element(words: exp.Expr, place: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="element_at", expressions=[words, place])


def _position(words: exp.Expr, word: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="array_position", expressions=[words, word])


def _is_finite(number: exp.Expr) -> exp.Expr:
    """Neither NaN nor infinite: Spark has no such function, and holds NaN to be greater than any number."""
    return sqlglot.parse_one(f"(abs({number.sql('spark')}) < double('infinity'))", read="spark")


def _whole(number: exp.Expr) -> exp.Expr:
    """The floor as BIGINT, NULL where there is none: Spark's own floor takes NaN for 0."""
    text = number.sql("spark")
    return sqlglot.parse_one(f"CASE WHEN abs({text}) < {LARGEST_WHOLE:.0f} THEN floor({text}) END", read="spark")


_CALLS = {
    "list_extract": _element,
    "list_position": _position,
    "isfinite": _is_finite,
}
