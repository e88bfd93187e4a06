"""The time in which a version is meant to decide: `metadata.effective`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.kernel.times import from_text
from core.policy.document import Document, Policy
from core.policy.errors import EffectiveOverlaps, PolicyExpired


@dataclass(frozen=True, slots=True)
class Window:
    """From when (inclusive) until when (exclusive), aware UTC; None where that side is open."""

    since: datetime | None = None
    until: datetime | None = None

    def at(self, moment: datetime) -> Literal["early", "open", "expired"]:
        """Whether the moment, aware UTC, lies before the window, in it, or after it."""
        if self.until is not None and moment >= self.until:
            return "expired"
        return "early" if self.since is not None and moment < self.since else "open"

    def overlaps(self, other: "Window") -> bool:
        """Whether some moment lies in both."""
        starts_in_time = self.until is None or other.since is None or other.since < self.until
        return starts_in_time and (other.until is None or self.since is None or self.since < other.until)


def window_of(document: Document) -> Window:
    """The document's window; open on both sides where it names none."""
    effective = document.metadata.effective
    if effective is None:
        return Window()
    since, until = effective.since, effective.until
    return Window(from_text(since) if since else None, from_text(until) if until else None)


def require_unexpired(policy: Policy, moment: datetime) -> None:
    """Refuse with PolicyExpired where the policy's time is over at the moment."""
    if window_of(policy.document).at(moment) == "expired":
        effective = policy.document.metadata.effective
        raise PolicyExpired(policy.ref, effective.until if effective else None)


def require_apart(policy: Policy, waiting: Iterable[Policy]) -> None:
    """Refuse with EffectiveOverlaps where the window meets that of a version of the same name that waits for its time.

    A version that takes the place of another (its parent) ends that one's open window at its own beginning.
    """
    own = window_of(policy.document)
    for other in waiting:
        if other.name != policy.name or other.content_hash == policy.content_hash:
            continue
        theirs = window_of(other.document)
        if _follows(policy, other) and theirs.until is None and (theirs.since or _EARLIEST) < (own.since or _EARLIEST):
            continue
        if own.overlaps(theirs):
            raise EffectiveOverlaps(policy.ref, other.ref)


_EARLIEST = from_text("0001-01-01T00:00:00Z")


def _follows(policy: Policy, other: Policy) -> bool:
    return policy.document.metadata.parent == other.content_hash
