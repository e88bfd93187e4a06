"""The release states of a policy version and the ways between them."""

from enum import StrEnum

from core.policy.errors import TransitionRefused


class State(StrEnum):
    """Where a version stands between draft and retirement."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHANGES_REQUESTED = "changes_requested"
    REFUSED = "refused"
    APPROVED = "approved"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled_back"
    EXPIRED = "expired"
    DISCARDED = "discarded"


WAYS: dict[State, tuple[State, ...]] = {
    State.DRAFT: (State.SUBMITTED, State.DISCARDED),
    State.SUBMITTED: (State.APPROVED, State.CHANGES_REQUESTED, State.REFUSED, State.PUBLISHED),
    State.CHANGES_REQUESTED: (State.DRAFT, State.DISCARDED),
    State.REFUSED: (),
    State.APPROVED: (State.PUBLISHED, State.CHANGES_REQUESTED, State.EXPIRED),
    State.PUBLISHED: (State.SUPERSEDED, State.ROLLED_BACK, State.EXPIRED),
    State.SUPERSEDED: (State.PUBLISHED,),
    State.ROLLED_BACK: (State.PUBLISHED,),
    State.EXPIRED: (),
    State.DISCARDED: (State.DRAFT,),
}
EDITED_AGAIN = (State.CHANGES_REQUESTED, State.DISCARDED)


def allowed(state: State) -> tuple[State, ...]:
    """The states that a version can go to from this one."""
    return WAYS[state]


def require(ref: str, state: State, target: State) -> None:
    """Refuse with TransitionRefused where the version cannot go to the target state."""
    if target not in WAYS[state]:
        raise TransitionRefused(ref, state, target, WAYS[state])
