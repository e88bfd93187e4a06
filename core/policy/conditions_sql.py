"""Conditions as DuckDB SQL over normalised columns: typed, decimals as scaled ints, NULL for missing.

The result is TRUE or FALSE, never NULL; required columns need no coalesce, because the contract has been checked.
"""

from core.kernel.expressions import And, Comparison, FieldRef, InList, IsNull, Like, Literal, Node, Not, Or


def identifier(name: str) -> str:
    """A quoted column name."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """A quoted text."""
    return "'" + value.replace("'", "''") + "'"


def condition_sql(node: Node) -> str:
    """The condition as a two-valued SQL expression."""
    match node:
        case Literal():
            return _value(node)
        case Comparison():
            return _comparison(node)
        case InList():
            word = "NOT IN" if node.negated else "IN"
            members = ", ".join(_value(item) for item in node.values)
            return _certain(f"{_column(node.ref)} {word} ({members})", node.ref)
        case Like():
            word = "NOT LIKE" if node.negated else "LIKE"
            return _certain(f"{_column(node.ref)} {word} {text_literal(node.pattern)}", node.ref)
        case IsNull():
            return f"({_column(node.ref)} IS {'NOT ' if node.negated else ''}NULL)"
        case And():
            return all_of([condition_sql(part) for part in node.parts])
        case Or():
            return "(" + " OR ".join(condition_sql(part) for part in node.parts) + ")"
        case Not():
            return f"(NOT {condition_sql(node.part)})"


def all_of(conditions: list[str]) -> str:
    """The conjunction of rendered conditions; TRUE where there are none."""
    if not conditions:
        return "TRUE"
    return conditions[0] if len(conditions) == 1 else "(" + " AND ".join(conditions) + ")"


def _comparison(node: Comparison) -> str:
    if isinstance(node.right, FieldRef):
        return _field_comparison(node.left, node.operator, node.right)
    if node.right.value is True and node.operator == "=":
        return _certain(_column(node.left), node.left)
    return _certain(f"{_column(node.left)} {node.operator} {_value(node.right)}", node.left)


def _field_comparison(left: FieldRef, sign: str, right: FieldRef) -> str:
    return _certain(f"{_column(left)} {sign} {_column(right)}", left, right)


def _certain(test: str, *fields: FieldRef) -> str:
    if any(ref.field.optional for ref in fields):
        return f"coalesce({test}, FALSE)"
    return f"({test})"


def _column(ref: FieldRef) -> str:
    return identifier(ref.field.name)


def _value(literal: Literal) -> str:
    if isinstance(literal.value, bool):
        return "TRUE" if literal.value else "FALSE"
    return text_literal(literal.value) if isinstance(literal.value, str) else str(literal.value)
