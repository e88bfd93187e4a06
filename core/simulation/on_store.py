"""Simulations over the leads of a store: as they stood at their newest decisions, or rolled through their history."""

from datetime import datetime
from threading import Event
from typing import Any

from core.decisions import standing
from core.decisions.standing import Courses
from core.kernel.database import Database, Watch
from core.kernel.workers import Cancelled, Progress, report_progress, run_in_worker
from core.policy.document import Policy
from core.simulation.one_step import Simulation, compare
from core.simulation.rolling import RolledForward, roll_both
from core.simulation.store import decided_in_store

NAME = "the simulation"
READ = 0.4
IN_THIS_PROCESS = 20_000
"""Up to so many decisions are rolled forward here; for more a worker is worth its start."""


def simulate_on_store(
    db: Database, before: Policy, after: Policy, progress: Progress | None = None, cancel: Event | None = None
) -> Simulation:
    """Every decided lead by both policies, from the inputs of its newest decision; empty where none was decided.

    Raises Cancelled; nothing is written.
    """
    known = standing.leads(db, (before, after), Watch(NAME, share(progress, 0.0, READ, "reading the leads"), cancel))
    sides = {}
    for place, (when, policy) in enumerate((("before", before), ("after", after))):
        start = READ + 0.3 * place
        watch = Watch(NAME, share(progress, start, start + 0.3, f"deciding {len(known):,} leads {when}"), cancel)
        sides[when] = decided_in_store(db, policy, [(lead_id, given(policy)) for lead_id, given in known], watch)
    return compare(before, after, sides)


def roll_on_store(
    before: Policy,
    after: Policy,
    courses: Courses,
    until: datetime | None,
    progress: Progress | None = None,
    cancel: Event | None = None,
) -> RolledForward:
    """Every stored decision made again in order by both policies, up to a moment (naive UTC); raises Cancelled, nothing
    is written.
    """
    task: tuple[Any, ...] = (
        ((before.text, before.file), (after.text, after.file)),
        courses.rows.select("lead_id", "moment").rows(),
        (courses.seen_by(before), courses.seen_by(after)),
        courses.work,
        until,
    )
    if courses.rows.height > IN_THIS_PROCESS:
        return run_in_worker(_roll_in_worker, *task, progress=progress, cancel=cancel)
    return roll_both(*task, tell=_telling(progress, cancel))


def as_simulation(before: Policy, after: Policy, rolled: RolledForward) -> Simulation:
    """The leads as both versions leave them at the end of the history."""
    return compare(before, after, {"before": rolled.before.last, "after": rolled.after.last})


def _roll_in_worker(*task: Any) -> RolledForward:
    return roll_both(*task, tell=report_progress)


def _telling(progress: Progress | None, cancel: Event | None) -> Progress:
    def tell(done: float, text: str) -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled(NAME)
        if progress is not None:
            progress(done, text)

    return tell


def share(progress: Progress | None, start: float, end: float, text: str = "") -> Progress | None:
    """Progress of one part as progress of the whole, under the part's name where one is given; it is told at once."""
    if progress is None:
        return None
    progress(start, text)
    return lambda done, said: progress(start + max(done, 0.0) * (end - start), text or said)
