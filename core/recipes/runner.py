"""The runner: a recipe from raw data to decisions, each step all or nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from core.decisions.store_course import DecisionCourse
from core.governance.permissions import Permission
from core.kernel.workers import Progress
from core.models.cutoffs import Capacity
from core.models.store import ModelVersion
from core.recipes import cutting, deciding, judging, loading, proposing, result, rivals, shadowing
from core.recipes.course import RUN_STEPS, Course
from core.recipes.document import DecidePart, Recipe, TrainPart
from core.recipes.errors import DataMoved, NothingRun, NothingTrained
from core.recipes.population import Population
from core.recipes.products import Studied, Trained
from core.recipes.reader import RecipeFile
from core.recipes.rooms import Rooms
from core.recipes.steps import Steps
from core.recipes.store import Run
from core.recipes.windows import window


class Runner:
    """Runs recipes, and the steps of the last one by themselves."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    def run(
        self, file: RecipeFile, *, actor: str, progress: Progress | None = None, cancel: Event | None = None
    ) -> dict[str, Any]:
        """The whole job; the result of recipes.md. A failing step leaves the store as it was before that step."""
        self._permit(actor, Permission.IMPORT, *((Permission.TRAIN, Permission.SCORE) if file.recipe.label else ()))
        course = Course(self.rooms.db.clock, progress)
        run_key = loading.run_key(file)
        with course.step("import") as tell:
            imports = loading.load(self.rooms.signals, file, actor, tell, cancel)
        revision = self.rooms.db.revision("signals")
        earlier = self.rooms.runs.find(run_key, revision)
        if earlier is not None and deciding.would_decide_alike(self.rooms, file.recipe.policy, earlier.result):
            return result.unchanged(earlier.result, imports, self.rooms.db.verify().head)
        population = Population.of(self.rooms.signals)
        found, charts = self._learn_and_decide(file, population, actor, course, cancel)
        cautions = [*loading.cautions(imports, population.counts), *found.pop("cautions")]
        finished = self._result(file.recipe, population, found, course) | {
            "sources": [result.source_json(one) for one in imports],
            "warnings": result.warnings_json(cautions),
        }
        run = Run(run_key, file.recipe.name, file.recipe.document, str(file.folder.resolve()), finished, charts)
        self.rooms.runs.add(run, revision, actor)
        return finished | {"ledger_head": self.rooms.db.verify().head}

    def train(
        self,
        *,
        actor: str,
        settings: TrainPart | None = None,
        features: str | None = None,
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> dict[str, Any]:
        """Train the last recipe on what the store holds now; the result without decisions and drift.

        `settings` and `features` (the hash of a registered set) replace the recipe's own for this once; raises
        FeatureSetUnknown.
        """
        self._permit(actor, Permission.TRAIN)
        file, course = self.last_recipe("train"), Course(self.rooms.db.clock, progress)
        asked = {"train": settings, "features": features and self.rooms.features.get(features).behaviour_hash}
        once = {name: value for name, value in asked.items() if value is not None}
        file = replace(file, recipe=file.recipe.model_copy(update=once))
        population = Population.of(self.rooms.signals)
        studied, trained = self._learn(file, population, actor, course, cancel)
        found = studied.to_json() | trained.to_json()
        cautions = [*studied.cautions, *trained.cautions]
        finished = self._result(file.recipe, population, found, course)
        told = {"sources": [], "warnings": result.warnings_json(cautions), "ledger_head": self.rooms.db.verify().head}
        return finished | told

    def reproduce(
        self, version: str, *, actor: str, progress: Progress | None = None, cancel: Event | None = None
    ) -> dict[str, Any]:
        """Train a registered model's recipe again and compare the hashes; nothing is written.

        Raises ModelUnknown, DataMoved where the data is not what it was (decisions that weights are made of included),
        and NothingRun for a model without its recipe.
        """
        self._permit(actor, Permission.TRAIN)
        found = self.rooms.models.version(version)
        trained_on, now = found.lineage.get("signals_revision"), self.rooms.db.revision("signals")
        if found.lineage.get("document") is None:
            raise NothingRun("train --reproduce")
        if trained_on != now:
            raise DataMoved(found.version, trained_on, now)
        file = _recipe_of(found)
        until = found.lineage.get("decided_until")
        course, steps = Course(self.rooms.db.clock, progress), Steps(self.rooms, file, actor, cancel, until)
        with course.step("features") as tell:
            studied = steps.study(Population.of(self.rooms.signals), tell)
        with course.step("train") as tell:
            again = steps.remake(studied, tell)
        if again != found.model_hash and until is not None and DecisionCourse(self.rooms.db).has_lost(until):
            raise DataMoved(found.version, f"decisions up to entry {until}", "fewer of them: some were deleted since")
        told = {"version": found.version, "model_hash": found.model_hash, "reproduced_hash": again}
        return {**told, "equal": again == found.model_hash, "seconds": course.seconds}

    def compare(self, one: str, other: str) -> dict[str, Any]:
        """Two registered models on the last recipe's test rows; raises ModelUnknown, NothingRun and as rivals do."""
        first, second = (self.rooms.models.version(name) for name in (one, other))
        file = self.last_recipe("models compare")
        prepared = Steps(self.rooms, file, "").prepare(Population.of(self.rooms.signals))
        return rivals.compare(self.rooms, prepared, first, second)

    def unseen(self, version: str | None = None) -> cutting.Unseen:
        """The leads that a model has not seen, scored by it; by default the champion.

        Raises NothingRun, NothingTrained, ModelUnknown and RowsSeen.
        """
        steps = Steps(self.rooms, self.last_recipe("models cutoffs"), "")
        found = self.rooms.models.champion() if version is None else self.rooms.models.version(version)
        if found is None:
            raise NothingTrained("models cutoffs")
        return cutting.unseen(self.rooms, steps.prepare(Population.of(self.rooms.signals)), found)

    def leads_a_day(self) -> float:
        """How many leads come a day; raises CapacityInvalid where the store cannot say."""
        return cutting.leads_a_day(Population.of(self.rooms.signals))

    def shadow(self) -> dict[str, Any]:
        """How the challenger, scored in shadow, agrees with the champion on the leads that were decided."""
        return shadowing.report(self.rooms)

    def proposals(self, oldest_days: float | None = None) -> dict[str, Any]:
        """Whether a challenger should be trained, and why: the champion's recipe on the rows of now.

        Raises NothingRun, LabelMissing and NothingTrained.
        """
        file, champion = self.last_recipe("models proposals"), self.rooms.models.champion()
        if champion is not None and champion.lineage.get("document"):
            file = _recipe_of(champion)
        steps = Steps(self.rooms, file, "")
        return proposing.propose(self.rooms, steps.prepare(Population.of(self.rooms.signals)), oldest_days)

    def cutoffs(self, capacity: Callable[[float], Capacity], leads_a_day: float | None = None) -> dict[str, Any]:
        """Bands proposed for the champion on unseen leads; `capacity` is asked with how many leads come a day.

        They are counted where they are not given. Raises NothingRun, NothingTrained, RowsSeen and CapacityInvalid.
        """
        asked = capacity(self.leads_a_day() if leads_a_day is None else leads_a_day)
        asked.check()
        return cutting.propose(self.unseen(), asked)

    def score(
        self,
        *,
        actor: str,
        as_of: datetime | None = None,
        leads: str = "open",
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> dict[str, Any]:
        """Decide the leads by the newest model and the recipe's policy."""
        self._permit(actor, Permission.SCORE)
        file, course = self.last_recipe("score"), Course(self.rooms.db.clock, progress)
        asked = DecidePart(as_of=as_of or "latest", leads=leads)  # type: ignore[arg-type]
        with course.step("decide") as tell:
            return Steps(self.rooms, file, actor, cancel).score(asked, tell) | {"seconds": course.seconds}

    def drift(
        self,
        *,
        actor: str,
        reference: str | None = None,
        current: str | None = None,
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> dict[str, Any]:
        """The `drift` object for the last recipe's parts, with the newest model and the active policy.

        `reference` and `current` name other populations for this once (windows.window); raises WindowInvalid.
        """
        self._permit(actor, Permission.ASSESS)
        file, course = self.last_recipe("drift"), Course(self.rooms.db.clock, progress)
        population = Population.of(self.rooms.signals)
        asked = {name: text for name, text in (("reference", reference), ("current", current)) if text}
        for text in asked.values():
            window(text, population.observed_until)
        file = replace(file, recipe=file.recipe.with_drift(**asked))
        steps = Steps(self.rooms, file, actor, cancel)
        with course.step("features") as tell:
            studied = steps.study(population, tell)
        with course.step("drift") as tell:
            return steps.drift_again(studied, tell)

    def performance(
        self,
        *,
        actor: str,
        population: str = "auto",
        segments: tuple[str, ...] = (),
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> dict[str, Any]:
        """The `performance` object: what became of test leads, or of decided ones, under the newest model.

        Raises SegmentUnknown.
        """
        self._permit(actor, Permission.ASSESS)
        file, course = self.last_recipe("performance"), Course(self.rooms.db.clock, progress)
        steps = Steps(self.rooms, file, actor, cancel)
        with course.step("features") as tell:
            studied = steps.study(Population.of(self.rooms.signals), tell)
        with course.step("performance") as tell:
            return judging.judge(steps, studied, population, segments, tell)

    def _permit(self, actor: str, *permissions: Permission) -> None:
        for permission in permissions:
            self.rooms.users.require(actor, permission)

    def last_recipe(self, step: str) -> RecipeFile:
        """The recipe that ran last, with its folder; raises NothingRun."""
        run = self.rooms.runs.latest()
        if run is None:
            raise NothingRun(step)
        return RecipeFile(Recipe.model_validate(run.recipe), Path(run.folder))

    def _learn(
        self, file: RecipeFile, population: Population, actor: str, course: Course, cancel: Event | None
    ) -> tuple[Studied, Trained]:
        steps = Steps(self.rooms, file, actor, cancel)
        with course.step("features") as tell:
            studied = steps.study(population, tell)
        with course.step("train") as tell:
            return studied, steps.train(studied, tell)

    def _learn_and_decide(
        self, file: RecipeFile, population: Population, actor: str, course: Course, cancel: Event | None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The parts of the result that need a label, and the tables behind the charts."""
        if file.recipe.label is None:
            return dict(result.EMPTY) | {"cautions": []}, {}
        steps = Steps(self.rooms, file, actor, cancel)
        studied, trained = self._learn(file, population, actor, course, cancel)
        with course.step("decide") as tell:
            decided = steps.decide(studied, trained, file.recipe.decide, tell)
        with course.step("drift") as tell:
            drifted = steps.drift(steps.with_features_of(decided.model, studied), decided.model, decided.policy, tell)
        found = studied.to_json() | trained.to_json() | decided.to_json() | {"drift": drifted}
        return found | {"cautions": [*studied.cautions, *trained.cautions, *decided.cautions]}, trained.charts

    def _result(self, recipe: Recipe, population: Population, found: dict[str, Any], course: Course) -> dict[str, Any]:
        seconds = {name: course.seconds.get(name, 0.0) for name in (*RUN_STEPS, "score")}
        scored = found.pop("score_seconds", 0.0)
        return {
            "recipe": recipe.name,
            "store": str(self.rooms.db.directory),
            "unchanged": False,
            "ledger_head": None,
            "sources": [],
            "leads": population.leads.height,
            "outcomes": population.counts,
            **result.EMPTY,
            **found,
            "seconds": seconds | {"score": scored, "decide": round(max(seconds["decide"] - scored, 0.0), 3)},
        }


def _recipe_of(found: ModelVersion) -> RecipeFile:
    """The recipe that trained the model."""
    return RecipeFile(Recipe.model_validate(found.lineage["document"]), Path(found.lineage["folder"]))
