"""A branch whose aggregates are kept by their parts, so that events that come later are counted alone and added.

A part is an aggregate over a row's events that the same of any two halves of them determines: a count, an exact sum, an
extreme, the set of leads. Parts depend on the features alone, never on how large the log is, so they last while it
grows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.features.compiler.branch import Branch, Window
from core.features.document import Feature

_READ_FROM_PARTS = frozenset(
    {"count", "exists", "sum", "mean", "min", "max", "days_since_last", "days_since_first", "decayed_count"}
    | {"decayed_sum", "velocity", "gap_mean", "share"}
)


@dataclass(frozen=True)
class _Part:
    """How a part is made of values under a condition, how two become one, its SQL type, and how it is read."""

    made: str
    joined: str
    sql_type: str
    read: str = "{}"


_QUOTED = '"#{}"'
_PARTS = {
    "count({})": _Part("count({}){}", "coalesce({0}, 0) + coalesce({1}, 0)", "BIGINT"),
    "sum({})": _Part("CAST(sum({}){} AS HUGEINT)", "coalesce({0} + {1}, {0}, {1})", "HUGEINT"),
    "min({})": _Part("min({}){}", "least({0}, {1})", "DOUBLE"),
    "max({})": _Part("max({}){}", "greatest({0}, {1})", "DOUBLE"),
    "count(DISTINCT {})": _Part("list(DISTINCT {}){}", "list_distinct(list_concat({0}, {1}))", "INTEGER[]", "len({})"),
}


def have_parts(features: Sequence[Feature]) -> bool:
    """Whether all of these features of an account can be read from parts; none are a reason to say no."""
    return bool(features) and all(
        feature.aggregate in _READ_FROM_PARTS
        or (feature.aggregate == "distinct" and feature.of is not None and feature.of.name == "lead_id")
        for feature in features
    )


class PartsBranch(Branch):
    """A branch of features that `have_parts`; `parts` has the SQL types of these by the names that a build gives them.

    With `is_later` its pairs are those of later events, and what `spine_in` has in the columns that `parts` names is
    added to their parts.
    """

    def __init__(self, *given: Any, is_later: bool, **named: Any) -> None:
        super().__init__(*given, **named)
        self.parts: dict[str, str] = {}
        self._is_later, self._made = is_later, dict[str, _Part]()

    def counter(self, window: Window, condition: str) -> str:
        """The number of pairs in the window that meet the condition."""
        return f"coalesce({self.over('count({})', window, condition, '1')}, 0)"

    def over(self, template: str, window: Window, condition: str, value: str) -> str:
        """What is read of the part that an aggregate is, over the window's pairs that meet the condition."""
        part, tests = _PARTS[template], self.tests(window, condition)
        column = self.aggregate(part.made.format(value, f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""))
        self._made[column] = part
        self.parts[f"#{column}"] = "BIGINT" if value == "age" else part.sql_type
        return part.read.format(column)

    def outputs(self) -> list[str]:
        """The parts as columns of a build."""
        return [f'CAST({name[1:]} AS {sql_type}) AS "{name}"' for name, sql_type in self.parts.items()]

    def _write_aggregates(self, name: str, aggregates: dict[str, str], only: str = "") -> str:
        if not self._is_later:
            return super()._write_aggregates(name, aggregates, only)
        joined = [
            f"{part.joined.format(f'k.{_QUOTED.format(column)}', f'n.{short}')} AS {short}"
            for column, part in self._made.items()
            for short in (column.removeprefix(f"{name}."),)
        ]
        later = super()._write_aggregates(f"{name}_later", aggregates, only)
        rows = f"spine_in k LEFT JOIN {name}_later n ON n.row_no = k.row_no"
        return f"{later},\n{name} AS (SELECT k.row_no, {', '.join(joined)}\n  FROM {rows})"
