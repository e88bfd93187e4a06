"""A simulation, whole: who changes, whom it harms, whether the reps keep up, what it is worth - and its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Literal

import polars as pl

from core.decisions import standing
from core.decisions.population import PopulationStore
from core.decisions.standing import Courses
from core.kernel.canonical import digest
from core.kernel.database import Database, Watch
from core.kernel.workers import Cancelled, Progress
from core.policy.document import Policy
from core.signals import store_reps
from core.simulation import comparison, tallies, value
from core.simulation.capacity import study as capacity_study
from core.simulation.capacity.demand import Demand, of_created, of_entries, profile_of
from core.simulation.capacity.study import Side
from core.simulation.comparison import Harm
from core.simulation.evidence import STREAMS, Evidence
from core.simulation.groups import groups_of
from core.simulation.on_store import NAME, as_simulation, roll_on_store, share, simulate_on_store
from core.simulation.one_step import Simulation
from core.simulation.rolling import ASSUMED, RolledForward
from core.simulation.store_history import HistoryStore

Mode = Literal["one-step", "rolled-forward"]
ONE_STEP, ROLLED = "one-step", "rolled-forward"
MODES: tuple[Mode, ...] = (ONE_STEP, ROLLED)
LISTED = 20
SEED, MINUTES = 7, 12.0


@dataclass(frozen=True)
class Question:
    """Two versions, the mode, the seed of all chance, and the minutes that a lead takes a rep on average."""

    before: Policy
    after: Policy
    mode: Mode = ONE_STEP
    seed: int = SEED
    minutes: float = MINUTES


@dataclass(frozen=True)
class Study:
    """The answer: both simulations (`rolled` only where it was asked for), groups, harm, capacity and value."""

    question: Question
    revisions: Mapping[str, str]
    one_step: Simulation
    rolled: Simulation | None
    decisions: Mapping[str, Any] | None
    groups: pl.DataFrame = field(repr=False)
    harm: Sequence[Harm] = field(repr=False)
    capacity: Mapping[str, Any] = field(repr=False)
    value: Mapping[str, Any] = field(repr=False)

    @property
    def simulation(self) -> Simulation:
        """The simulation of the mode that was asked for."""
        return self.rolled or self.one_step

    @property
    def result(self) -> dict[str, Any]:
        """What was found, in JSON's types; lists hold at most 20 ids, `leads_hash` covers all leads' decisions."""
        found = self.simulation
        rolled = tallies.numbers(self.rolled) if self.rolled else None
        return {
            "numbers": {ONE_STEP: tallies.numbers(self.one_step), ROLLED: rolled},
            "history": self.decisions,
            "moves": found.moves(),
            "sla_min": tallies.sla(found),
            "by_group": list(tallies.by_group(found, self.groups)),
            "newly_eligible": tallies.listed(found.newly("PERMIT"), LISTED),
            "newly_held": tallies.listed(found.newly("HOLD"), LISTED),
            "newly_denied": tallies.listed(found.newly("DENY"), LISTED),
            "changed_leads": tallies.listed(found.changed, LISTED),
            "leads_hash": digest(found.leads.write_csv().encode()),
            "harm": [one.to_json() for one in self.harm],
            "capacity": dict(self.capacity),
            "value": dict(self.value),
        }

    def evidence(self) -> Evidence:
        """The result with all that it was found from."""
        asked = self.question
        return Evidence(
            asked.before.content_hash, asked.after.content_hash, self.revisions, asked.mode, asked.seed, self.result
        )

    def to_json(self) -> dict[str, Any]:
        """What `policy simulate` prints."""
        asked, found = self.question, self.evidence()
        sides = {"before": asked.before, "after": asked.after}
        named = {side: {"name": one.name, "content_hash": one.content_hash} for side, one in sides.items()}
        numbers = found.result["numbers"][asked.mode]
        return {
            **named,
            "mode": asked.mode,
            "seed": asked.seed,
            "revisions": dict(self.revisions),
            **{name: numbers[name] for name in ("leads", "changed", "by_output")},
            **found.result,
            "evidence_hash": found.hash,
        }


def study(db: Database, question: Question, progress: Progress | None = None, cancel: Event | None = None) -> Study:
    """Simulate on the store, in the mode that is asked for; raises Cancelled, and nothing is written."""
    progress = _rising(progress)
    before, after, revisions = question.before, question.after, db.revisions(*STREAMS)
    history = HistoryStore(db)
    one_step = simulate_on_store(db, before, after, share(progress, 0.0, 0.3), cancel)
    courses, rolled = None, None
    if question.mode == ROLLED or history.explored():
        reading = Watch(NAME, share(progress, 0.3, 0.4, "reading the history"), cancel)
        courses = standing.courses(db, (before, after), reading)
    if courses is not None and question.mode == ROLLED:
        until = PopulationStore(db).latest_moment()
        rolled = roll_on_store(before, after, courses, until, share(progress, 0.4, 0.6), cancel)
    _may_go_on(progress, cancel, 0.6, "comparing groups")
    simulation = as_simulation(before, after, rolled) if rolled else one_step
    groups = groups_of(db, simulation.leads["lead_id"].to_list())
    harmed = comparison.harm(simulation, groups)
    _may_go_on(progress, cancel, 0.7, "serving the leads by the reps")
    served = _capacity(db, question, history, one_step, rolled, share(progress, 0.7, 0.9), cancel)
    _may_go_on(progress, cancel, 0.9, "asking what it would be worth")
    worth = _value(db, question, courses if history.explored() else None)
    return Study(
        question, revisions, one_step, simulation if rolled else None, _decisions(rolled), groups, harmed, served, worth
    )


def _decisions(rolled: RolledForward | None) -> dict[str, Any] | None:
    if rolled is None:
        return None
    before, after = vars(rolled.before.way), vars(rolled.after.way)
    ways = {f"{name}_{when}": way[name] for name in before for when, way in (("before", before), ("after", after))}
    return {"decisions": rolled.decisions, "differing": rolled.differing, **ways, "assumed": list(ASSUMED)}


def _value(db: Database, question: Question, courses: Courses | None) -> dict[str, Any]:
    if courses is None:
        return value.no_exploration(question.after)
    return value.value(db, question.after, courses, question.seed)


def _capacity(
    db: Database,
    question: Question,
    history: HistoryStore,
    one_step: Simulation,
    rolled: RolledForward | None,
    progress: Progress | None,
    cancel: Event | None,
) -> dict[str, Any]:
    """Both versions served; the demand is that of the rolled history where it has one, else of the newest leads."""
    before, after = _demands(db, history, one_step, rolled)

    def tell(done: float) -> None:
        _may_go_on(progress, cancel, done, "")

    return capacity_study.capacity(
        Side(question.before, before),
        Side(question.after, after),
        store_reps.current(db),
        db.clock.now().replace(tzinfo=None),
        minutes=question.minutes,
        seed=question.seed,
        tell=tell,
    )


def _demands(
    db: Database, history: HistoryStore, one_step: Simulation, rolled: RolledForward | None
) -> tuple[Demand | None, Demand | None]:
    created, profile = history.created(), profile_of(history.by_hour())
    if rolled:
        before, after = (of_entries(way.entered, created, profile) for way in (rolled.before, rolled.after))
        if before is not None and after is not None:
            return before, after
    until = PopulationStore(db).latest_moment()
    sides = (one_step.side("before"), one_step.side("after"))
    before, after = (of_created(side, created, until, profile) for side in sides)
    return before, after


def _rising(progress: Progress | None) -> Progress | None:
    """The same, never told less than before: both versions' reads tell their own share from its beginning."""
    if progress is None:
        return None
    most = 0.0

    def tell(done: float, text: str) -> None:
        nonlocal most
        most = max(most, done)
        progress(most, text)

    return tell


def _may_go_on(progress: Progress | None, cancel: Event | None, done: float, text: str) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled(NAME)
    if progress is not None:
        progress(done, text)
