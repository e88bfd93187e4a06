"""Ids that belong together: closed intervals that do not depend on the order of the statements."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from core.signals.identity import (
    CONFLICT,
    CYCLE,
    HOLDS,
    MERGE,
    REPEATS,
    SEPARATED,
    UNMERGE,
    Interval,
    Statement,
    closed,
)

DAY = datetime(2026, 1, 1)
IDS = st.sampled_from("abcdef")


def at(day: int) -> datetime:
    return DAY + timedelta(days=day)


def merge(from_id: str, into_id: str, day: int, decided: bool = False) -> Statement:
    return Statement(MERGE, from_id, into_id, at(day), decided)


def unmerge(from_id: str, day: int) -> Statement:
    return Statement(UNMERGE, from_id, "", at(day), decided=True)


statements = st.lists(
    st.builds(merge, IDS, IDS, st.integers(0, 6), st.booleans()) | st.builds(unmerge, IDS, st.integers(0, 6)),
    max_size=12,
)


def roots(intervals, moment: datetime) -> dict[str, str]:
    held = [
        one for one in intervals if one.known_from <= moment and (one.known_until is None or moment < one.known_until)
    ]
    assert len({one.from_id for one in held}) == len(held), "an id has two roots"
    return {one.from_id: one.into_id for one in held}


def walked(given, moment: datetime) -> dict[str, str]:
    """The roots by the plain rule: parents as said so far, walked to the end at that moment."""
    parents, apart = {}, set()

    def root(node):
        while node in parents:
            node = parents[node]
        return node

    for one in sorted(set(given), key=lambda one: one.order):
        if one.known_from > moment:
            break
        if one.kind == UNMERGE:
            if one.from_id in parents:
                apart |= {(one.from_id, parents[one.from_id]), (one.from_id, root(one.from_id))}
                del parents[one.from_id]
        elif root(one.from_id) != root(one.into_id) and one.from_id not in parents:
            pairs = {(one.from_id, one.into_id), (one.from_id, root(one.into_id))}
            if one.decided or not pairs & apart:
                apart -= pairs
                parents[one.from_id] = one.into_id
    return {node: root(node) for node in "abcdef" if root(node) != node}


@settings(max_examples=150)
@given(statements, st.randoms(use_true_random=False))
def test_the_order_of_the_statements_does_not_matter(said, random):
    shuffled = list(said)
    random.shuffle(shuffled)
    assert closed(shuffled) == closed(said)


@settings(max_examples=150)
@given(statements, st.integers(0, 7))
def test_at_any_moment_every_id_has_one_root_by_the_plain_rule(said, day):
    held = roots(closed(said).intervals, at(day))
    assert not set(held) & set(held.values()), "a root belongs to another"
    assert held == walked(said, at(day))


@settings(max_examples=100)
@given(statements, statements)
def test_what_is_known_later_changes_nothing_before(said, later):
    shifted = [Statement(s.kind, s.from_id, s.into_id, s.known_from + timedelta(days=7), s.decided) for s in later]
    before, after = closed(said), closed([*said, *shifted])
    assert all(roots(after.intervals, at(day)) == roots(before.intervals, at(day)) for day in range(7))


def test_a_chain_is_flat():
    found = closed([merge("a", "b", 1), merge("b", "c", 3)]).intervals
    assert found == (Interval("a", "b", at(1), at(3)), Interval("a", "c", at(3), None), Interval("b", "c", at(3), None))


def test_an_unmerge_closes_the_interval_and_holds_against_repetition():
    again = merge("a", "l", 5)
    found = closed([merge("a", "l", 1), unmerge("a", 3), again])
    assert found.intervals == (Interval("a", "l", at(1), at(3)),)
    assert found.verdicts[again] == SEPARATED


def test_a_person_may_merge_again_what_was_separated():
    found = closed([merge("a", "l", 1), unmerge("a", 3), merge("a", "l", 5, decided=True)])
    assert found.intervals[-1] == Interval("a", "l", at(5), None)


def test_one_visitor_claimed_by_two_leads_is_a_conflict_for_the_later():
    first, second = merge("a", "l1", 1), merge("a", "l2", 2)
    found = closed([second, first])
    assert (found.verdicts[first], found.verdicts[second]) == (HOLDS, CONFLICT)
    assert found.intervals == (Interval("a", "l1", at(1), None),)


def test_a_cycle_is_refused_and_a_repetition_is_none():
    back, same = merge("c", "a", 3), merge("a", "c", 4)
    found = closed([merge("a", "b", 1), merge("b", "c", 2), back, same])
    assert (found.verdicts[back], found.verdicts[same]) == (CYCLE, REPEATS)


def test_an_unmerge_in_the_middle_leaves_the_part_below_together():
    found = closed([merge("a", "b", 1), merge("b", "c", 2), unmerge("b", 4)]).intervals
    assert roots(found, at(3)) == {"a": "c", "b": "c"}
    assert roots(found, at(4)) == {"a": "b"}
