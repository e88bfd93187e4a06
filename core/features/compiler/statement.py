"""The one statement of a build."""

from dataclasses import dataclass

from core.features.aggregates import BOOLEAN, CATEGORY, COUNT, NUMBER
from core.features.compiler.accounts import members, shared
from core.features.compiler.attributes import Attributes
from core.features.compiler.branch import WORD_BITS, Branch
from core.features.compiler.columns import DICTIONARY_BITS, EventColumns
from core.features.compiler.identities import SUBJECTS_NAME, subjects
from core.features.compiler.outputs import output
from core.features.compiler.parts import PartsBranch
from core.features.document import Feature, FeatureSet
from core.features.statistics import Statistics

SQL_TYPES = {COUNT: "BIGINT", BOOLEAN: "BOOLEAN", NUMBER: "DOUBLE", CATEGORY: "VARCHAR"}
_BRANCH_NAMES = {"lead": "own", "account": "whole", "account_others": "others"}
FEW_PAIRS = 6_000_000
"""Pairs of a row and an event, by the mean, up to which they are kept for all who read them."""
ROWS_NEAR_ALL = 0.25
"""Rows that are more than this share of the leads are near most of the accounts."""


@dataclass(frozen=True)
class Keeping:
    """That a build of features that `have_parts` gives the parts of those of the account as well.

    With `since`, the number of an event, the parts of all events up to it come with the rows: only later ones are read.
    """

    since: int | None = None


def compile(
    feature_set: FeatureSet, statistics: Statistics, rows: int | None = None, keeping: Keeping | None = None
) -> str:
    """The DuckDB statement that builds a set whose value types are resolved, for about so many rows (default: many)."""
    few = rows is not None and rows * statistics.events < FEW_PAIRS * max(statistics.leads, 1)
    near = rows is not None and rows < ROWS_NEAR_ALL * statistics.leads
    build = _Build(statistics, few, near, keeping)
    columns = [f'CAST({build.output(f)} AS {SQL_TYPES[f.dtype]}) AS "{f.name}"' for f in feature_set.features]
    return build.write(columns)


def parts_of(feature_set: FeatureSet, statistics: Statistics) -> dict[str, str]:
    """The SQL types of the parts, by name, that a build that keeps them gives beside the features."""
    build = _Build(statistics, few=False, near=False, keeping=Keeping())
    for feature in feature_set.features:
        build.output(feature)
    return build.parts


class _Build:
    def __init__(self, statistics: Statistics, few: bool, near: bool, keeping: Keeping | None) -> None:
        self._statistics, self._few, self._near, self._keeping = statistics, few, near, keeping
        self._branches: dict[str, Branch] = {}
        self._leads = SUBJECTS_NAME if statistics.merged else "spine_rows"
        self._attributes = Attributes(statistics.attributes, self._leads)

    def output(self, feature: Feature) -> str:
        if feature.attribute is not None:
            return self._attributes.output(feature)
        return output(self._branch(feature.scope), feature)

    def _branch(self, scope: str) -> Branch:
        if scope not in self._branches:
            self._branches[scope] = self._new_branch(scope)
        return self._branches[scope]

    def _new_branch(self, scope: str) -> Branch:
        statistics = self._statistics
        heaviest = statistics.heaviest_lead if scope == "lead" else statistics.heaviest_account
        name = _BRANCH_NAMES[scope]
        leads = self._leads if scope == "lead" else f"{name}_members"
        width = min(max(heaviest.bit_length(), 1), WORD_BITS)
        root, since = "s.root_no" if statistics.merged else "s.lead_no", self._keeping and self._keeping.since
        log = "events" if since is None else f"(FROM events WHERE event_no > {since})"
        events = EventColumns(statistics.columns, root, log)
        given, how = (name, leads, width, self._bits(), events), {"hidden": statistics.superseded, "few": self._few}
        if scope == "lead" or self._keeping is None:
            return Branch(*given, **how)
        return PartsBranch(*given, **how, is_later=since is not None)

    @property
    def _kept(self) -> list[PartsBranch]:
        return [branch for branch in self._branches.values() if isinstance(branch, PartsBranch)]

    @property
    def parts(self) -> dict[str, str]:
        """The SQL types of the parts of the branches, by name."""
        return {name: sql_type for branch in self._kept for name, sql_type in branch.parts.items()}

    def _bits(self) -> dict[str, str]:
        sizes = {"type": self._statistics.types, "source": self._statistics.sources}
        code = "CAST(1 AS BIGINT) << CAST(dense_rank() OVER (ORDER BY {}) - 1 AS INTEGER)"
        return {name: code.format(name) for name, size in sizes.items() if size <= DICTIONARY_BITS}

    def write(self, columns: list[str]) -> str:
        merged = self._statistics.merged
        tables: list[str] = [subjects(SUBJECTS_NAME, "spine_rows")] if merged else []
        if any(scope != "lead" for scope in self._branches):
            tables += shared(merged, near=self._near)
        for scope, branch in self._branches.items():
            if scope != "lead":
                tables += members(branch.leads, scope == "account_others", merged)
            tables += branch.write()
        if self._attributes:
            tables.append(self._attributes.write())
        head = "WITH " + ",\n".join(tables) + "\n" if tables else ""
        joins = "".join(f"\n  LEFT JOIN {name} ON {name}.row_no = s.row_no" for name in self._joined())
        parts = [output for branch in self._kept for output in branch.outputs()]
        body = ",\n  ".join(["s.row_no", *columns, *parts])
        return f"{head}SELECT {body}\nFROM spine_rows s{joins}\nORDER BY s.row_no"

    def _joined(self) -> list[str]:
        names = [name for branch in self._branches.values() for name in branch.relations]
        return names + (["attributes_known"] if self._attributes else [])
