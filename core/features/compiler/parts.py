"""A branch whose aggregates are kept by their parts, so that events that come later are counted alone and added.

A part is an aggregate over a row's events that the same of any two halves of them determines: a count, an exact sum, an
extreme, a set. Parts, and which features share one, depend on the features and on the words that bits stand for, never
on how large the log is or which properties have columns, so they last while it grows.
"""

from dataclasses import dataclass, replace
from typing import Any

from core.features.compiler.branch import EVENT_ID, Branch, Window
from core.features.compiler.columns import EARLY_US, Edge

LANE_BITS = 31
"""No row has so many events that one of two counters in a word overflows."""
PLACE = "#place"
"""The column of a row's place in the table of parts."""


@dataclass(frozen=True)
class _Part:
    """How a part is made of values, how a kept and a later one become one, the type it is kept as, how it is read.

    A list of leads is kept as text: an update of a list writes whole rows of the table.
    """

    made: str
    joined: str
    sql_type: str
    read: str = "{}"


_PARTS = {
    "count({})": _Part("count({})", "coalesce({0}, 0) + coalesce({1}, 0)", "BIGINT"),
    "sum({})": _Part("CAST(sum({}) AS HUGEINT)", "coalesce({0} + {1}, {0}, {1})", "HUGEINT"),
    "min({})": _Part("min({})", "least({0}, {1})", "DOUBLE"),
    "max({})": _Part("max({})", "greatest({0}, {1})", "DOUBLE"),
    "bit_or({})": _Part("bit_or({})", "coalesce({0} | {1}, {0}, {1})", "BIGINT"),
    "count(DISTINCT {})": _Part(
        "list(DISTINCT {})", "list_distinct(list_concat(CAST({0} AS INTEGER[]), {1}))", "VARCHAR", "list_unique({})"
    ),
}
_LANES = _Part("CAST(sum({}) AS BIGINT)", "coalesce({0} + {1}, {0}, {1})", "BIGINT")
_STEPS = _Part("list({}) FILTER (WHERE {})", "list_concat({0}, {1})", "BIGINT[]")
_QUOTED = '"{}"'
_BEYOND = {"arg_max": ">", "arg_min": "<"}


@dataclass(frozen=True)
class _Kept:
    """The name that a part is kept under, how the kept and a later one become one, and its SQL type."""

    name: str
    joined: str
    sql_type: str


class PartsBranch(Branch):
    """A branch that keeps `parts`: their SQL types by the names that a build gives them, which no feature can have.

    With a table of `earlier` parts its pairs are those of later events, whose parts are added to those that the table
    has at the rows' PLACE.
    """

    def __init__(self, *given: Any, earlier: str | None, **named: Any) -> None:
        super().__init__(*given, **named)
        self.lane = LANE_BITS
        self._earlier = earlier
        self._kept: dict[str, _Kept] = {}

    @property
    def parts(self) -> dict[str, str]:
        """The SQL types of the parts, by name."""
        return {kept.name: kept.sql_type for kept in self._kept.values()}

    def packed(self, words: str) -> str:
        """The sum of words of lanes, none of which can overflow."""
        return self._part(_LANES, words)

    def over(self, template: str, window: Window, condition: str, value: str) -> str:
        """What is read of the part that an aggregate is, over the window's pairs that meet the condition."""
        part = _PARTS[template]
        if value == "age":
            part = replace(part, sql_type="BIGINT")
        return part.read.format(self._part(part, self.masked(window, condition, value)))

    def edge(self, function: str, kept: Edge, window: Window, condition: str, *beside: str) -> str:
        """The column of what `arg_max` or `arg_min` keeps, and of what decides between several."""
        order = ("t := t", "k := k", f"i := {self.events.sql(EVENT_ID)}")
        column = super().edge(function, kept, window, condition, *beside, *order)
        sql_type = f"STRUCT({kept.name} {kept.sql_type}, t BIGINT, k BIGINT, i VARCHAR)"
        before, after = (f"struct_pack(t := {{{n}}}.t, k := {{{n}}}.k, i := {{{n}}}.i)" for n in (0, 1))
        joined = (
            "CASE WHEN {1} IS NULL THEN {0} WHEN {0} IS NULL"
            f" OR {after} {_BEYOND[function]} {before} THEN CAST({{1}} AS {sql_type}) ELSE {{0}} END"
        )
        return self._keep(column, joined, sql_type)

    def sequence(self, first: str, then: str, within: int, window: Window) -> str:
        """The number of pairs under `first` in the window that a pair under `then` follows, at most `within` later.

        All steps are kept, each as a number: its time, whether it is first, whether it follows.
        """
        flags = f"CASE WHEN {first or 'TRUE'} THEN 2 ELSE 0 END + CASE WHEN {then} THEN 1 ELSE 0 END"
        tests = self.steps(first, then, window) or ["TRUE"]
        column = self._part(_STEPS, f"(t + {EARLY_US}) * 4 + {flags}", " AND ".join(tests))
        steps = f"SELECT row_no, unnest({column}) AS step FROM {self.name}"
        return self.answered(
            f"SELECT row_no, step // 4 AS t, step % 4 >= 2 AS is_first, step % 2 = 1 AS is_then FROM ({steps})", within
        )

    def outputs(self) -> list[str]:
        """The parts as columns of a build."""
        return [f'CAST({column} AS {kept.sql_type}) AS "{kept.name}"' for column, kept in self._kept.items()]

    def _part(self, part: _Part, *of: str) -> str:
        return self._keep(self.aggregate(part.made.format(*of)), part.joined, part.sql_type)

    def _keep(self, column: str, joined: str, sql_type: str) -> str:
        self._kept.setdefault(column, _Kept(f"#{self.name}.{len(self._kept)}", joined, sql_type))
        return column

    def _write_aggregates(self, name: str, aggregates: dict[str, str], only: str = "") -> str:
        if self._earlier is None:
            return super()._write_aggregates(name, aggregates, only)
        joined = []
        for column, kept in self._kept.items():
            short = column.removeprefix(f"{name}.")
            joined.append(f"{kept.joined.format(f'k.{_QUOTED.format(kept.name)}', f'n.{short}')} AS {short}")
        later = super()._write_aggregates(f"{name}_later", aggregates, only)
        rows = f'spine_in s JOIN {self._earlier} k ON k.rowid = s."{PLACE}" LEFT JOIN {name}_later n USING (row_no)'
        return f"{later},\n{name} AS MATERIALIZED (SELECT s.row_no, {', '.join(joined)}\n  FROM {rows})"
