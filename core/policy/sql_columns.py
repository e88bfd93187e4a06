"""What the stages of a rendered policy share: named columns, and words chosen by a place in a list.

Internal columns have a colon in their name, which no input has.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.policy.conditions_sql import identifier

BROKEN = '"broken:"'
ROW = '"row:"'
ACT = '"act:"'
MOVE = '"move:"'
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


def by_place(place: str, words: Sequence[str], otherwise: str) -> str:
    """The word at a place; `otherwise` where the place is NULL. Equal words share a branch."""
    places: dict[str, list[int]] = {}
    for number, word in enumerate(words):
        places.setdefault(word, []).append(number)
    if not places:
        return otherwise
    parts = [f"WHEN {place} {_among(numbers)} THEN {word}" for word, numbers in places.items()]
    return f"CASE {' '.join(parts)} ELSE {otherwise} END"


def _among(numbers: list[int]) -> str:
    return f"= {numbers[0]}" if len(numbers) == 1 else f"IN ({', '.join(map(str, numbers))})"
