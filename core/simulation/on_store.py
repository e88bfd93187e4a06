"""One-step simulation over the leads of a store as they stood at their newest decisions."""

from threading import Event

from core.decisions import standing
from core.kernel.database import Database, Watch
from core.kernel.workers import Progress
from core.policy.document import Policy
from core.simulation.one_step import Simulation, compare
from core.simulation.store import decided_in_store

NAME = "the simulation"
READ = 0.4


def simulate_on_store(
    db: Database, before: Policy, after: Policy, progress: Progress | None = None, cancel: Event | None = None
) -> Simulation:
    """Every decided lead by both policies, from the inputs of its newest decision; empty where none was decided.

    Raises Cancelled; nothing is written.
    """
    known = standing.leads(db, (before, after), Watch(NAME, _share(progress, 0.0, READ, "reading the leads"), cancel))
    sides = {}
    for place, (when, policy) in enumerate((("before", before), ("after", after))):
        start = READ + 0.3 * place
        watch = Watch(NAME, _share(progress, start, start + 0.3, f"deciding {len(known):,} leads {when}"), cancel)
        sides[when] = decided_in_store(db, policy, [(lead_id, given(policy)) for lead_id, given in known], watch)
    return compare(before, after, sides)


def _share(progress: Progress | None, start: float, end: float, text: str) -> Progress | None:
    """Progress of one part as progress of the whole, under the part's name; it is told once at once."""
    if progress is None:
        return None
    progress(start, text)
    return lambda done, _: progress(start + max(done, 0.0) * (end - start), text)
