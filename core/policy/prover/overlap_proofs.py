"""Rows that must not hold together: any two under UNIQUE, two that say different things under ANY."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from core.kernel.expressions import Comparison, InList, Literal
from core.policy.compiled import Cells
from core.policy.prover.study import Study
from core.policy.prover.verdicts import Proof, refuted_by
from core.policy.routing import parts_of

MOST_CONFLICTS = 50
WIDEST = 10**18


@dataclass(frozen=True)
class Room:
    """The values that a cell lets through: a set of words, or an interval of whole numbers."""

    words: frozenset[object] | None = None
    low: int = -WIDEST
    high: int = WIDEST

    def meets(self, other: "Room") -> bool:
        """Whether some value may be in both."""
        if self.words is not None and other.words is not None:
            return bool(self.words & other.words)
        return self.low <= other.high and other.low <= self.high


def overlap_proofs(study: Study) -> Iterator[Proof]:
    """A finding for each pair of rows that conflict, at most 50; or one proof that none do."""
    routing = study.policy.document.routing
    if routing.hit not in ("UNIQUE", "ANY"):
        return
    failed = 0
    for first, second in _candidates(study, by_content=routing.hit == "ANY"):
        names = routing.rules[first].id, routing.rules[second].id
        proof = Proof(f"rows {names[0]} and {names[1]}", "conflict", "pass", "", ("routing", "rules", second))
        found = study.search(study.run.rows[first], study.run.rows[second])
        judged = refuted_by(found, proof, f"Rows `{names[0]}` and `{names[1]}` both hold for a lead.")
        if judged.verdict != "pass":
            failed += 1
            yield judged
        if failed == MOST_CONFLICTS:
            break
    if not failed:
        detail = "No two rows hold for one lead" + (" and differ." if routing.hit == "ANY" else ".")
        yield Proof("routing conflicts", "conflict", "pass", detail, ("routing", "hit"))


def _candidates(study: Study, *, by_content: bool) -> Iterator[tuple[int, int]]:
    """The pairs that no column keeps apart by itself; only these are put to the solver."""
    rules = study.policy.document.routing.rules
    rooms = [_rooms(cells) for cells in study.policy.conditions.rows]
    for first, second in combinations(range(len(rules)), 2):
        if by_content and parts_of(rules[first].then) == parts_of(rules[second].then):
            continue
        one, other = rooms[first], rooms[second]
        if all(room.meets(other[name]) for name, room in one.items() if name in other):
            yield first, second


def _rooms(cells: Cells) -> dict[str, Room]:
    return {name: _room(expression.node) for name, expression in cells}


def _room(node: object) -> Room:
    match node:
        case InList(negated=False):
            return Room(frozenset(item.value for item in node.values))
        case Comparison(operator="=", right=Literal() as right):
            return _one(right.value)
        case Comparison(operator=sign, right=Literal(value=int() as value)) if sign in _INTERVALS:
            return _INTERVALS[sign](value)
        case _:
            return Room()


def _one(value: object) -> Room:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return Room(frozenset({value}), value, value) if is_whole else Room(frozenset({value}))  # type: ignore[arg-type]


_INTERVALS = {
    ">=": lambda value: Room(low=value),
    ">": lambda value: Room(low=value + 1),
    "<=": lambda value: Room(high=value),
    "<": lambda value: Room(high=value - 1),
}
