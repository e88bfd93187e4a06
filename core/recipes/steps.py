"""The steps of a recipe on an open store: study the data, train, decide, measure drift."""

from dataclasses import replace
from threading import Event
from typing import Any

from core.decisions.chances import chances
from core.decisions.spine import as_learnt
from core.decisions.store_course import DecisionCourse
from core.features import engine as features
from core.kernel.database import Watch
from core.kernel.workers import Progress, run_in_worker
from core.models.model import Model
from core.monitoring.report import DriftSpec
from core.monitoring.store_arrivals import ArrivalStore
from core.policy.document import Policy
from core.recipes import (
    comparing,
    deciding,
    drifting,
    featuring,
    learning,
    result,
    rivals,
    rows,
    settings,
    shadowing,
    suspects,
    training_data,
)
from core.recipes.decider import Decider, decider_of
from core.recipes.document import DecidePart
from core.recipes.errors import LabelMissing, NothingTrained
from core.recipes.featuring import Featured
from core.recipes.learning import rounded
from core.recipes.population import Population
from core.recipes.products import Decided, Studied, Trained
from core.recipes.reader import RecipeFile
from core.recipes.rooms import Rooms
from core.recipes.rows import Prepared


class Steps:
    """The steps of one recipe, for one actor; heavy ones run in a worker that cancel ends."""

    def __init__(
        self, rooms: Rooms, file: RecipeFile, actor: str, cancel: Event | None = None, decided_until: int | None = None
    ) -> None:
        self.rooms, self.file, self.actor, self.cancel = rooms, file, actor, cancel
        self.decided_until = decided_until

    def study(self, population: Population, progress: Progress | None = None) -> Studied:
        """Rows, suspects and features; raises LabelMissing and Cancelled."""
        recipe = self.file.recipe
        prepared = self.prepare(population)
        findings = suspects.examine(self.rooms, population, prepared, recipe)
        watch = Watch("the features", progress, self.cancel)
        return Studied(prepared, findings, featuring.build(self.rooms, self.file, prepared.rows, findings, watch))

    def prepare(self, population: Population) -> Prepared:
        """The split rows; raises LabelMissing."""
        recipe = self.file.recipe
        if recipe.label is None:
            raise LabelMissing(recipe.name)
        db, until = self.rooms.db, self.decided_until
        until = DecisionCourse(db).newest_entry() if until is None else until
        prepared = rows.prepare(population, recipe, recipe.label, lambda: chances(db, self.rooms.loaders.policy, until))
        known = prepared.known(as_learnt(db, prepared.rows))
        return known if known.weighting is None else replace(known, decided_until=until)

    def remake(self, studied: Studied, progress: Progress | None) -> str:
        """The hash of the model that this recipe trains now; nothing is registered."""
        return run_in_worker(learning.remade, self._task(studied), progress=progress, cancel=self.cancel)

    def train(self, studied: Studied, progress: Progress | None) -> Trained:
        """Train in a worker, then register the feature set and the model."""
        learned = run_in_worker(learning.learn, self._task(studied), progress=progress, cancel=self.cancel)
        chosen = studied.featured.feature_set
        self.rooms.features.register(chosen, self.actor)
        cautions = [one.code for one in learned.cautions]
        untold = [one.message for one in learned.cautions if one.code == rivals.NOT_COMPARED]
        version = self.rooms.models.register(
            learned.model,
            {
                **learned.metrics,
                "baselines": learned.baselines,
                "charts": rounded(learned.charts),
                "cautions": cautions,
                **({"not_compared": untold[0]} if untold else {}),
            },
            self._lineage(studied),
            self.actor,
            self.file.recipe.name,
            learned.judged,
        )
        return Trained(version, learned)

    def decide(self, studied: Studied, trained: Trained, asked: DecidePart, progress: Progress | None) -> Decided:
        """Decide with the released champion, with the model just trained where none was ever released.

        Raises ModelDamaged.
        """
        decider = decider_of(self.rooms.models, trained.version)
        model = trained.model if decider.version == trained.version else self.rooms.models.get(decider.version)
        return self._decide(model, decider, asked, studied.test_leads, progress)

    def score(self, asked: DecidePart, progress: Progress | None) -> dict[str, Any]:
        """Decide with the champion and its own feature set; raises NothingTrained and ModelDamaged."""
        model = self.newest("score")
        test_leads: list[str] = []
        if asked.leads == "test" or deciding.nobody_is_open(self.rooms, asked):
            test_leads = self.study(Population.of(self.rooms.signals)).test_leads
        decider = decider_of(self.rooms.models)
        decided = self._decide(model, decider, asked, test_leads, progress)
        return decided.to_json() | {"warnings": result.warnings_json(decided.cautions)}

    def drift(self, studied: Studied, model: Model, policy: Policy, progress: Progress | None) -> dict[str, Any]:
        """Compare the recipe's two populations in a worker and keep the report; raises WindowInvalid."""
        asked, chosen = self.file.recipe.drift, studied.featured.feature_set
        spec = DriftSpec(reference=asked.reference, current=asked.current, seed=self.file.recipe.train.seed)
        stored = self.rooms.policies.get(policy.content_hash)
        reference, current = (
            comparing.population(self.rooms, studied, name) for name in (spec.reference, spec.current)
        )
        reached, properties = ArrivalStore(self.rooms.db).seen(reference, current)
        sources = comparing.features_by_source(self.rooms.db, chosen)
        owners = drifting.owners_now(self.rooms, policy)
        task = drifting.DriftTask(reference, current, model, stored.source, spec, sources, reached, properties, owners)
        report = run_in_worker(drifting.measure, task, progress=progress, cancel=self.cancel)
        report_id = self.rooms.drift.add(report, model.model_hash, policy.content_hash, self.actor)
        return report.to_json() | {"report_id": report_id}

    def drift_again(self, studied: Studied, progress: Progress | None) -> dict[str, Any]:
        """Drift with the newest model on the rows as they are now."""
        model = self.newest("drift")
        policy = deciding.choose(self.rooms, self.file, model, self.actor)
        return self.drift(self.with_features_of(model, studied), model, policy, progress)

    def with_features_of(self, model: Model, studied: Studied) -> Studied:
        """The rows with the features that the model reads."""
        if model.feature_set_hash == studied.featured.feature_set.behaviour_hash:
            return studied
        chosen = self.rooms.features.get(str(model.feature_set_hash))
        frame = features.build(self.rooms.db, chosen, studied.prepared.rows, Watch("the features", cancel=self.cancel))
        return Studied(studied.prepared, studied.findings, Featured(chosen, frame, None, None))

    def _decide(
        self, model: Model, decider: Decider, asked: DecidePart, test_leads: list[str], progress: Progress | None
    ) -> Decided:
        chosen = self.rooms.features.get(str(model.feature_set_hash))
        policy = deciding.choose(self.rooms, self.file, model, self.actor)
        batch, arm, leads = deciding.decide(
            self.rooms, asked, chosen, model, policy, test_leads, self.actor, progress, self.cancel
        )
        watch = Watch("the shadow", progress, self.cancel)
        _, unscored = shadowing.attempt(self.rooms, self.actor, batch.count, watch)
        stored = self.rooms.policies.get(policy.content_hash)
        told = result.decisions_json(batch, arm, leads) | {"model": decider.to_json()}
        return Decided(stored, told, batch.seconds["score"], policy, model, (unscored,))

    def newest(self, step: str) -> Model:
        """The champion; raises NothingTrained."""
        champion = self.rooms.models.champion()
        if champion is None:
            raise NothingTrained(step)
        return self.rooms.models.get(champion.version)

    def _task(self, studied: Studied) -> learning.Task:
        recipe, featured = self.file.recipe, studied.featured
        chosen = featured.feature_set.behaviour_hash
        random_parts = rows.random_split(studied.prepared.rows, recipe)
        keys = learning.KEYS
        matched = featured.frame.select(keys).join(
            random_parts.select(*keys, "part"), on=keys, how="left", maintain_order="left", nulls_equal=True
        )
        suspicious = featured.with_suspects
        champion, uncompared = rivals.champion_on(self.rooms, studied.prepared, studied.part("test"), chosen)
        return learning.Task(
            featured.frame,
            learning.infos(featured.feature_set),
            settings.config_of(recipe.train, featured.feature_set),
            chosen,
            self._facts(studied),
            rows.split_spec_name(studied.prepared),
            matched["part"],
            None if suspicious is None else (suspicious[1], learning.infos(suspicious[0])),
            featured.recency,
            recipe.train.tune_trials,
            studied.prepared.observed_until,
            champion,
            () if uncompared is None else (uncompared,),
        )

    def _facts(self, studied: Studied) -> dict[str, Any]:
        """What the model's JSON says of its training: label, landmarks, split and counts; no names of files."""
        recipe, weighting = self.file.recipe, studied.prepared.weighting
        document = recipe.document
        return {
            "label": document["label"],
            "landmarks": document["landmarks"],
            "split": document["split"],
            "rows": studied.prepared.counts(),
            **training_data.fingerprint(studied.prepared),
            **({} if weighting is None else {"weighting": weighting.to_json()}),
        }

    def _lineage(self, studied: Studied) -> dict[str, Any]:
        return {
            "recipe": self.file.recipe.name,
            "recipe_hash": self.file.recipe.recipe_hash,
            "document": self.file.recipe.document,
            "folder": str(self.file.folder.resolve()),
            "signals_revision": self.rooms.db.revision("signals"),
            "decided_until": studied.prepared.decided_until,
            "feature_set_hash": studied.featured.feature_set.behaviour_hash,
            "left_out": [one.name for one in studied.findings.left_out],
        }
