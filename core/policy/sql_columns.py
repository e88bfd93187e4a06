"""What the stages of a rendered policy share: named columns, and words chosen by a place in a list.

Internal columns have a colon in their name, which no input has. `row:` and `act:` are 0 where the stage does not
apply, 1 for its `otherwise`, and 2 plus the rule's place; `move:` is 0 for none and 1 plus the transition's place.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.policy.conditions_sql import identifier, text_literal

BROKEN = '"broken:"'
ROW = '"row:"'
ACT = '"act:"'
MOVE = '"move:"'
CURRENT = '"state:"'
NOT_APPLIED, OTHERWISE, FIRST_RULE = 0, 1, 2
PERMITTED = "disposition = 'PERMIT'"


@dataclass(frozen=True)
class Column:
    """A named SQL expression."""

    name: str
    sql: str

    def __str__(self) -> str:
        return f"{self.sql} AS {identifier(self.name)}"


def guard_column(place: int) -> str:
    """The quoted column of the guard at a place of the list."""
    return identifier(f"guard:{place}")


def hit_column(place: int) -> str:
    """The quoted column of the row at a place of a table that collects."""
    return identifier(f"hit:{place}")


def at_place(place: str, words: Sequence[str], kind: str = "VARCHAR") -> str:
    """The word at a place that counts from 0, out of a constant list: faster than a CASE of as many branches."""
    return f"list_extract([{', '.join(words)}]::{kind}[], {place} + 1)"


def literal(value: str | int | None) -> str:
    """A constant of an output."""
    if value is None:
        return "NULL"
    return text_literal(value) if isinstance(value, str) else str(value)
