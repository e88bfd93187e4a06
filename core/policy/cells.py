"""The cells of a decision table: unary tests, as texts of the expression language."""

import re

from core.policy.blocks import Row
from core.policy.types import Cell, Scalar

UNARY = re.compile(r"^\s*(>=|<=|<>|!=|>|<|=)\s*(\S.*?)\s*$")


def is_blank(cell: Cell) -> bool:
    """Whether the cell lets any value through."""
    return cell is None or cell == "" or (isinstance(cell, str) and not cell.strip())


def cell_text(name: str, cell: Cell) -> str:
    """The condition that a written cell puts on its column, as an expression text."""
    if isinstance(cell, tuple):
        return f"{name} IN ({', '.join(literal(item) for item in cell)})"
    if isinstance(cell, str):
        return _text_cell(name, cell)
    return f"{name} = {literal(cell)}"


def written_cells(row: Row) -> list[tuple[str, Cell]]:
    """Column and value of every cell of a row that is not blank, in the row's order."""
    return [(name, cell) for name, cell in row.when.items() if not is_blank(cell)]


def literal(value: Scalar | None) -> str:
    """A value as a literal of the expression language."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return format_number(value)
    return "'" + str(value).replace("'", "''") + "'"


def format_number(value: float) -> str:
    """A number in plain digits, without an exponent."""
    if isinstance(value, int):
        return str(value)
    text = repr(value)
    return text if "e" not in text and "n" not in text else f"{value:.12f}".rstrip("0").rstrip(".")


def _text_cell(name: str, cell: str) -> str:
    unary = UNARY.match(cell)
    if unary is None:
        return f"{name} = {literal(cell)}"
    operator, operand = unary.groups()
    return f"{name} {operator} {operand if _is_literal(operand) else literal(operand)}"


def _is_literal(operand: str) -> bool:
    return bool(re.fullmatch(r"[-+]?\d+(\.\d+)?|TRUE|FALSE|'(?:[^']|'')*'", operand, re.IGNORECASE))
