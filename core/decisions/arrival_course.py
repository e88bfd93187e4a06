"""What deciding on arrival remembers of a course: where leads stand, who has which, who was touched; for one thread."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.decisions.arms import acted_with
from core.decisions.assigning import Desk
from core.decisions.context import Written
from core.decisions.states import FRESH, LeadState
from core.decisions.store import DecisionStore
from core.decisions.touching import Touches

MOST_REMEMBERED = 200_000


@dataclass
class Course:
    """Right at one revision of the decisions; deciders in the arms of one course (live, canary, holdout) share it.

    `whole`: every lead of the course is remembered, so that one who is not stands fresh.
    """

    arm: str
    states: dict[str, LeadState] = field(default_factory=dict)
    desks: dict[int, Desk | None] = field(default_factory=dict)
    revision: str = ""
    decisions: int = -1
    whole: bool = False
    touched: dict[tuple[str, str], Touches] = field(default_factory=dict)

    def follow(self, store: DecisionStore, now: str, leads: Sequence[str]) -> None:
        """Know where the leads stand at that revision: in memory while nobody else decides in the course."""
        if now != self.revision:
            count = store.count(acted_with(self.arm))
            if count != self.decisions:
                self._read(store)
            self.revision, self.decisions = now, count
        if self.whole:
            for lead in leads:
                self.states.setdefault(lead, FRESH)

    def _read(self, store: DecisionStore) -> None:
        self.states.clear()
        self.desks.clear()
        self.touched.clear()
        found = store.standing(self.arm, MOST_REMEMBERED)
        self.whole = found is not None
        self.states.update(found or {})

    def note(self, written: Written) -> None:
        """Take in decisions that were just made of what is remembered."""
        self.revision = written.after if written.before == self.revision else ""
        self.decisions += written.rows

    def forget(self) -> None:
        """What was decided was not written: nothing is sure."""
        self.revision, self.decisions = "", -1
        self.desks.clear()
        self.touched.clear()
