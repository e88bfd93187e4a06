"""The one condition language of feature filters and policies: parse, check, and render to Python, DuckDB, Spark."""

from core.kernel.expressions.diagnostics import Diagnostic, ExpressionInvalid
from core.kernel.expressions.expression import Expression, parse
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
from core.kernel.expressions.schema import Field, Kind, Schema

__all__ = [
    "And",
    "Comparison",
    "Diagnostic",
    "Expression",
    "ExpressionInvalid",
    "Field",
    "FieldRef",
    "InList",
    "IsNull",
    "Kind",
    "Like",
    "Literal",
    "Node",
    "Not",
    "Or",
    "Schema",
    "parse",
]
