"""Conditions as DuckDB SQL: exact, total, never NULL."""

from datetime import datetime

from core.kernel.expressions.nodes import Literal, Node
from core.kernel.expressions.rendering import Column, Renderer, Stored
from core.kernel.expressions.schema import Field, Kind
from core.kernel.expressions.wording import quoted
from core.kernel.times import naive


def render(node: Node, column: Column | None = None, *, prepared: bool = False, stored: Stored | None = None) -> str:
    """The condition as DuckDB SQL."""
    return Renderer(_DuckDb(), column, prepared=prepared, stored=stored).closed(node)


def comparable(field: Field, sql: str, asked: Kind | None = None) -> str:
    """A column's SQL as conditions compare it: decimals as scaled BIGINT, NaN, infinity and unfit types as NULL.

    For an ANY field `asked` is the type of the comparison (NUMBER, TEXT or BOOL), or None to ask if it is missing.
    """
    if field.kind is Kind.DECIMAL:
        return f"TRY_CAST(round(CAST({sql} AS DOUBLE) * 1e{field.scale}) AS BIGINT)"
    if field.kind is Kind.NUMBER:
        return _finite(f"CAST({sql} AS DOUBLE)")
    if field.kind is Kind.TIME:
        return _finite(sql)
    return _json(sql, asked) if field.kind is Kind.ANY else sql


def _finite(sql: str) -> str:
    return f"CASE WHEN isfinite({sql}) THEN {sql} END"


def _json(sql: str, asked: Kind | None) -> str:
    text, kind = f"json_extract_string({sql}, '$')", f"json_type({sql})"
    number = f"TRY_CAST({text} AS DOUBLE)"
    if asked is Kind.TEXT:
        return f"CASE WHEN {kind} = 'VARCHAR' THEN {text} END"
    if asked is Kind.BOOL:
        return f"CASE WHEN {kind} = 'BOOLEAN' THEN {text} = 'true' END"
    numeric = f"{kind} IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite({number})"
    if asked is Kind.NUMBER:
        return f"CASE WHEN {numeric} THEN {number} END"
    return f"CASE WHEN {kind} NOT IN ('NULL', 'DOUBLE') OR {numeric} THEN TRUE END"


class _DuckDb:
    def column(self, field: Field) -> str:
        return '"' + field.name.replace('"', '""') + '"'

    def comparable(self, field: Field, sql: str, asked: Kind | None = None) -> str:
        return comparable(field, sql, asked)

    def literal(self, value: Literal) -> str:
        content = value.value
        if isinstance(content, bool):
            return "TRUE" if content else "FALSE"
        if isinstance(content, datetime):
            return f"TIMESTAMP '{naive(content).isoformat(' ')}'"
        if isinstance(content, str):
            return quoted(content)
        return f"{content!r}e0" if isinstance(content, float) and "e" not in repr(content) else repr(content)

    def pattern(self, pattern: str) -> str:
        return quoted(pattern)
