"""Conditions as Spark SQL: the same meaning as DuckDB's, in Spark's words."""

from datetime import datetime

from core.kernel.expressions.nodes import Literal, Node
from core.kernel.expressions.rendering import Column, Renderer
from core.kernel.expressions.schema import Field, Kind
from core.kernel.times import naive


def render(node: Node, column: Column | None = None) -> str:
    """The condition as Spark SQL (session with spark.sql.parser.escapedStringLiterals=false, the default)."""
    return Renderer(_Spark(), column).closed(node)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class _Spark:
    def column(self, field: Field) -> str:
        return "`" + field.name.replace("`", "``") + "`"

    def comparable(self, field: Field, sql: str, asked: Kind | None = None) -> str:
        if field.kind is Kind.DECIMAL:
            units = f"round(CAST({sql} AS DOUBLE) * 1e{field.scale}D)"
            return f"CASE WHEN abs({units}) < 9223372036854775808D THEN CAST({units} AS BIGINT) END"
        if field.kind is Kind.NUMBER:
            return _finite(f"CAST({sql} AS DOUBLE)")
        return _json(sql, asked) if field.kind is Kind.ANY else sql

    def literal(self, value: Literal) -> str:
        content = value.value
        if isinstance(content, bool):
            return "TRUE" if content else "FALSE"
        if isinstance(content, datetime):
            return f"TIMESTAMP_NTZ '{naive(content).isoformat(' ')}'"
        if isinstance(content, str):
            return _quoted(content)
        return f"{content!r}D" if isinstance(content, float) else _integer(content)

    def pattern(self, pattern: str) -> str:
        return _quoted(pattern.replace("\\", "\\\\"))


def _integer(value: int) -> str:
    return f"{value}L" if value > -(2**63) else f"({value + 1}L - 1L)"


def _finite(sql: str) -> str:
    return f"CASE WHEN abs({sql}) < CAST('Infinity' AS DOUBLE) THEN {sql} END"


def _json(sql: str, asked: Kind | None) -> str:
    number = _finite(f"CAST({sql} AS DOUBLE)")
    if asked is Kind.TEXT:
        return f"CASE WHEN startswith({sql}, '\"') THEN from_json(concat('{{\"v\":', {sql}, '}}'), 'v STRING').v END"
    if asked is Kind.BOOL:
        return f"CASE WHEN {sql} IN ('true', 'false') THEN {sql} = 'true' END"
    numeric = f"{sql} RLIKE '^-?[0-9]'"
    if asked is Kind.NUMBER:
        return f"CASE WHEN {numeric} THEN {number} END"
    return f"CASE WHEN {sql} <> 'null' AND (NOT {numeric} OR {number} IS NOT NULL) THEN TRUE END"
