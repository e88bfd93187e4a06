"""Maker and checker: who made a version, who approved it since, and how many approvals it needs."""

from collections.abc import Sequence

from core.policy.store import Action

MAKING = ("drafted", "edited", "submitted")
BLESSED = ("published", "bootstrapped")
NEEDED = {"low": 1, "medium": 2, "high": 2}


def authors(actions: Sequence[Action], contributors: frozenset[str]) -> frozenset[str]:
    """Everybody who drafted, edited or submitted the version, or an earlier content of its draft."""
    return contributors | {action.actor for action in actions if action.kind in MAKING}


def approvers(actions: Sequence[Action], made_by: frozenset[str]) -> tuple[str, ...]:
    """Who approved the version since it was last made or sent back, authors left out, in order."""
    found: list[str] = []
    for action in actions:
        if action.kind in (*MAKING, "changes_requested"):
            found.clear()
        elif action.kind == "approved" and action.actor not in found:
            found.append(action.actor)
    return tuple(name for name in found if name not in made_by)


def needed(risk_class: str) -> int:
    """How many people have to approve: 1 for low risk, 2 for medium and high."""
    return NEEDED[risk_class]


def was_approved(actions: Sequence[Action]) -> bool:
    """Whether the version once went live by approval or as the shipped default."""
    return any(action.kind in BLESSED for action in actions)
