"""The choice of an assignee made again, from what it saw then."""

from collections.abc import Callable
from dataclasses import dataclass, field

from core.decisions import sight as sights
from core.decisions.assigning import Desk
from core.decisions.integrity import Found
from core.decisions.sight import Place
from core.decisions.store import DecisionStore, Stored
from core.decisions.store_desk import DeskStore, root_of
from core.kernel.canonical import digest
from core.kernel.database import Database
from core.policy.document import Document
from core.policy.outcome import Outcome

DESK_ROOT = "desk_root"
Choice = Callable[[Document, Outcome], tuple[Outcome, str | None]]


@dataclass
class Choices:
    """Gives each stored decision's choice, and collects what does not hold of what it saw."""

    database: Database
    differences: list[Found] = field(default_factory=list)
    _roots: dict[int, tuple[bool, str | None, str | None]] = field(default_factory=dict)
    _reps: dict[str, dict[str, list[Place]] | None] = field(default_factory=dict)

    def of(self, stored: Stored, lead_id: str) -> Choice | None:
        """The choice of that decision over the lead; None where what it saw was not kept yet, or is not what it was."""
        was_kept, recorded, found = self._root(stored.entry_seq)
        if not was_kept:
            return None
        if recorded != found:
            self.differences.append((stored.decision_id, DESK_ROOT, recorded, found))
            return None
        return self._seen(stored.decision_id, stored.sight, lead_id) if recorded and stored.sight else _nobody

    def _seen(self, decision_id: str, text: str, lead_id: str) -> Choice | None:
        sight = sights.read(text)
        places = self._places(sight.reps_hash)
        if places is None:
            self.differences.append((decision_id, "reps_hash", sight.reps_hash, None))
            return None

        def choose(document: Document, outcome: Outcome) -> tuple[Outcome, str | None]:
            desk = Desk.seen(sight, places, document, lead_id)
            return desk.assign(document, lead_id, outcome, sight.known, sight.moment)

        return choose

    def _root(self, entry_seq: int) -> tuple[bool, str | None, str | None]:
        """Whether a batch kept what its choices saw; its root as the ledger has it, and as the store gives it."""
        if entry_seq not in self._roots:
            told = DecisionStore(self.database).told(entry_seq)
            recorded = told.get(DESK_ROOT)
            found = root_of(DeskStore(self.database).sight_hashes(entry_seq)) if recorded else None
            self._roots[entry_seq] = DESK_ROOT in told, recorded, found
        return self._roots[entry_seq]

    def _places(self, reps_hash: str) -> dict[str, list[Place]] | None:
        """The reps of that hash; None where they are gone or altered."""
        if reps_hash not in self._reps:
            text = DeskStore(self.database).reps(reps_hash)
            is_whole = text is not None and digest(text.encode()) == reps_hash
            self._reps[reps_hash] = sights.read_reps(text) if text is not None and is_whole else None
        return self._reps[reps_hash]


def _nobody(document: Document, outcome: Outcome) -> tuple[Outcome, None]:
    """Where nobody was listed, or nobody was to be chosen."""
    return outcome, None
