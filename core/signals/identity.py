"""Whose is it: statements that two ids are one, closed into intervals in which each id belongs to one root."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

MERGE, UNMERGE = "merge", "unmerge"
HOLDS, REPEATS = "holds", "repeats"
CONFLICT, CYCLE, SEPARATED = "identity_conflict", "identity_cycle", "identity_separated"
REFUSED = (CONFLICT, CYCLE, SEPARATED)


@dataclass(frozen=True)
class Statement:
    """From `known_from` on what came under `from_id` belongs to `into_id` (merge), or no longer (unmerge).

    `decided` says that a person said so: it outranks an earlier unmerge of the same two.
    """

    kind: str
    from_id: str
    into_id: str
    known_from: datetime
    decided: bool = False

    @property
    def order(self) -> tuple[datetime, int, str, str]:
        """Statements count in order of when they were known; at one moment a person's word comes last, merges after
        unmerges.
        """
        rank = 1 if self.kind == UNMERGE else 2 * self.decided
        return self.known_from, rank, self.from_id, self.into_id


@dataclass(frozen=True)
class Interval:
    """`from_id` belongs to the root `into_id` in known_from <= known_at < known_until (None: open)."""

    from_id: str
    into_id: str
    known_from: datetime
    known_until: datetime | None


@dataclass(frozen=True)
class Closure:
    """The intervals, by id and time, and what became of each statement."""

    intervals: tuple[Interval, ...]
    verdicts: dict[Statement, str]


def closed(statements: Iterable[Statement]) -> Closure:
    """The closed intervals of a set of statements; the order in which they are given does not matter."""
    forest, verdicts = _Forest(), {}
    ordered = sorted(set(statements), key=lambda one: one.order)
    for moment, group in groupby(ordered, key=lambda one: one.known_from):
        verdicts.update((one, forest.take(one)) for one in group)
        forest.settle(moment)
    return Closure(tuple(forest.intervals()), verdicts)


class _Forest:
    """Who belongs to whom while the statements are taken in their order."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._children: defaultdict[str, set[str]] = defaultdict(set)
        self._root: dict[str, str] = {}
        self._apart: set[tuple[str, str]] = set()
        self._moved: set[str] = set()
        self._since: dict[str, tuple[str, datetime]] = {}
        self._past: list[Interval] = []

    def take(self, statement: Statement) -> str:
        """What becomes of the statement, given those before it."""
        return self._merge(statement) if statement.kind == MERGE else self._unmerge(statement)

    def _merge(self, one: Statement) -> str:
        root, into_root = self._root_of(one.from_id), self._root_of(one.into_id)
        if one.from_id == into_root and one.from_id != one.into_id:
            return CYCLE
        if root == into_root:
            return REPEATS
        pairs = {(one.from_id, one.into_id), (one.from_id, into_root)}
        if not one.decided and pairs & self._apart:
            return SEPARATED
        if one.from_id in self._parent:
            return CONFLICT
        self._apart -= pairs
        self._attach(one.from_id, one.into_id)
        return HOLDS

    def _unmerge(self, one: Statement) -> str:
        if one.from_id not in self._parent:
            return REPEATS
        self._apart |= {(one.from_id, self._parent[one.from_id]), (one.from_id, self._root_of(one.from_id))}
        self._children[self._parent.pop(one.from_id)].discard(one.from_id)
        self._reroot(one.from_id, one.from_id)
        return HOLDS

    def _attach(self, child: str, parent: str) -> None:
        self._parent[child] = parent
        self._children[parent].add(child)
        self._reroot(child, self._root_of(parent))

    def _reroot(self, top: str, root: str) -> None:
        waiting = [top]
        while waiting:
            node = waiting.pop()
            self._root[node] = root
            self._moved.add(node)
            waiting += self._children[node]

    def _root_of(self, node: str) -> str:
        return self._root.get(node, node)

    def settle(self, moment: datetime) -> None:
        """End and begin the intervals of the ids whose root changed at the moment."""
        for node in self._moved:
            root = self._root_of(node)
            before = self._since.get(node)
            if before is not None and before[0] == root:
                continue
            if before is not None:
                del self._since[node]
                self._past.append(Interval(node, before[0], before[1], moment))
            if root != node:
                self._since[node] = (root, moment)
        self._moved.clear()

    def intervals(self) -> Iterator[Interval]:
        """All intervals, by id and time."""
        current = [Interval(node, root, since, None) for node, (root, since) in self._since.items()]
        yield from sorted(self._past + current, key=lambda one: (one.from_id, one.known_from))
