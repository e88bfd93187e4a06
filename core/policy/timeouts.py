"""What the clock does to a lead between two decisions: time-outs of lifecycle states, and the effects of a move.

A time-out is no part of a decision: the engine and a rolled-forward simulation let the time-outs of the minutes that
have passed happen first, and then decide the lead in the state that it has come to, which its inputs keep for replay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from core.policy.document import Document


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that follows from a decision and is told to other systems: an `entry` or `exit` of a state."""

    kind: str
    name: str
    state: str | None


@dataclass(frozen=True, slots=True)
class Waited:
    """Where a lead stands after waiting: its state, the minutes since it came to it, and what timed out on the way.

    `passed` names each state that timed out, once, in order.
    """

    state: str | None
    minutes: int
    passed: tuple[str, ...] = ()


def timeout_of(document: Document, state: str | None) -> tuple[int, str] | None:
    """After how many minutes the state times out, and the state that follows; None where it never does."""
    found = document.lifecycle.states.get(state or "") if document.lifecycle else None
    if found is None or found.sla_min is None or found.on_timeout is None:
        return None
    return found.sla_min, found.on_timeout


def after_timeouts(document: Document, state: str | None, minutes: int) -> Waited:
    """The lead's standing after `minutes` in the state, a pure function; a state is left at its very minute.

    Where the time-outs go in a circle, whole rounds of it are taken at once.
    """
    passed: dict[str, int] = {}
    while (due := timeout_of(document, state)) and minutes >= due[0]:
        if state in passed:
            minutes = minutes % (passed[state] - minutes)
            return _within_a_round(document, state, minutes, tuple(passed))
        passed[str(state)] = minutes
        minutes, state = minutes - due[0], due[1]
    return Waited(state, minutes, tuple(passed))


def _within_a_round(document: Document, state: str, minutes: int, passed: tuple[str, ...]) -> Waited:
    """The standing of a lead in a circle of time-outs that has fewer minutes left than the circle takes."""
    at: str | None = state
    while (due := timeout_of(document, at)) and minutes >= due[0]:
        minutes, at = minutes - due[0], due[1]
    return Waited(at, minutes, passed)


def effects_of(document: Document, before: str | None, after: str | None) -> tuple[str, ...]:
    """What a move brings about: the exit effects of the state that is left, then the entry effects of the next."""
    return tuple(one.name for one in effects_along(document, (before, after)))


def effects_along(document: Document, way: Sequence[str | None]) -> tuple[Effect, ...]:
    """What going from state to state brings about, in order; staying brings nothing, and None is before the first."""
    if document.lifecycle is None:
        return ()
    states = document.lifecycle.states
    found: list[Effect] = []
    for before, after in pairwise(way):
        if before == after:
            continue
        left, entered = states.get(before or ""), states.get(after or "")
        found += [Effect("exit", name, str(before)) for name in (left.exit if left else ())]
        found += [Effect("entry", name, str(after)) for name in (entered.entry if entered else ())]
    return tuple(found)
