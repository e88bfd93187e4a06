"""The one statement of a build."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.features.compiler.accounts import members, shared
from core.features.compiler.attributes import Attributes
from core.features.compiler.branch import WORD_BITS, Branch
from core.features.compiler.columns import DICTIONARY_BITS, SQL_TYPES, EventColumns
from core.features.compiler.identities import SUBJECTS_NAME, subjects
from core.features.compiler.outputs import output
from core.features.compiler.parts import PartsBranch
from core.features.document import Feature, FeatureSet
from core.features.statistics import Statistics

_BRANCH_NAMES = {"lead": "own", "account": "whole", "account_others": "others"}
FEW_PAIRS = 6_000_000
"""Pairs of a row and an event, by the mean, up to which they are kept for all who read them."""
ROWS_NEAR_ALL = 0.25
"""Rows that are more than this share of the leads are near most of the accounts."""


@dataclass(frozen=True)
class Keeping:
    """That a build gives the parts of the features of these scopes as well.

    With `since`, the number of an event, the table `earlier` has the parts of all events up to it, by the rows' PLACE:
    only later events are read.
    """

    scopes: frozenset[str]
    since: int | None = None
    earlier: str | None = None


def compile(
    feature_set: FeatureSet, statistics: Statistics, rows: int | None = None, keeping: Keeping | None = None
) -> str:
    """The DuckDB statement that builds a set whose value types are resolved, for about so many rows (default: many)."""
    few = rows is not None and rows * statistics.events < FEW_PAIRS * max(statistics.leads, 1)
    near = rows is not None and rows < ROWS_NEAR_ALL * statistics.leads
    build = _Build(statistics, few, near, keeping)
    columns = [f'CAST({build.output(f)} AS {SQL_TYPES[f.dtype]}) AS "{f.name}"' for f in feature_set.features]
    return build.write(columns)


def parts_of(feature_set: FeatureSet, statistics: Statistics, scopes: frozenset[str]) -> dict[str, str]:
    """The SQL types of the parts, by name, that a build gives beside the features of the set."""
    build = _Build(statistics, few=False, near=False, keeping=Keeping(scopes))
    for feature in feature_set.features:
        build.output(feature)
    return build.parts


def words_of(features: Sequence[Feature], statistics: Statistics) -> dict[str, list[str]]:
    """The values of each property whose distinct ones are counted by bits, in the order of the bits."""
    columns, found = EventColumns(statistics.columns), dict[str, list[str]]()
    for feature in features:
        stored = columns.stored(feature.of) if feature.aggregate == "distinct" and feature.of else None
        if stored and feature.of and columns.bit(feature.of):
            found[feature.of.name] = list(stored.words)
    return found


def have_parts(features: Sequence[Feature], statistics: Statistics) -> bool:
    """Whether all of these features are read from parts: all but the number of distinct values that have no bits."""
    columns = EventColumns(statistics.columns)
    with_bits = {"type", "source"} if statistics.last_kind < DICTIONARY_BITS else set[str]()
    return all(
        feature.of.name in {"lead_id", *with_bits} or columns.bit(feature.of) is not None
        for feature in features
        if feature.aggregate == "distinct" and feature.of is not None
    )


class _Build:
    def __init__(self, statistics: Statistics, few: bool, near: bool, keeping: Keeping | None) -> None:
        self._statistics, self._few, self._near = statistics, few, near
        self._keeping = keeping or Keeping(frozenset())
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
        statistics, name = self._statistics, _BRANCH_NAMES[scope]
        leads = self._leads if scope == "lead" else f"{name}_members"
        root = "s.root_no" if statistics.merged else "s.lead_no"
        heaviest = statistics.heaviest_lead if scope == "lead" else statistics.heaviest_account
        width = min(max(heaviest.bit_length(), 1), WORD_BITS)
        if scope not in self._keeping.scopes:
            events = EventColumns(statistics.columns, root)
            return Branch(name, leads, width, self._bits(), events, hidden=statistics.superseded, few=self._few)
        since = self._keeping.since
        log = "events" if since is None else f"(FROM events WHERE event_no > {since})"
        events, few = EventColumns(statistics.columns, root, log), self._few or since is not None
        bits = {of: f"CAST(1 AS BIGINT) << min(kind_no) OVER (PARTITION BY {of})" for of in ("type", "source")}
        given = (name, leads, width, bits, events)
        return PartsBranch(*given, hidden=statistics.superseded, few=few, earlier=self._keeping.earlier)

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
