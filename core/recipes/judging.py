"""The performance step of a recipe: what became of scored leads, judged in a worker and kept."""

from typing import Any

from core.kernel.workers import Progress, run_in_worker
from core.recipes import deciding, performing, scored
from core.recipes.population import Population
from core.recipes.products import Studied
from core.recipes.steps import Steps


def judge(
    steps: Steps, studied: Studied, asked: str, segments: tuple[str, ...], progress: Progress | None
) -> dict[str, Any]:
    """The `performance` object under the newest model; raises NothingTrained and SegmentUnknown."""
    rooms, model = steps.rooms, steps.newest("performance")
    who, label = Population.of(rooms.signals), studied.prepared.label
    policy = deciding.choose(rooms, steps.file, model, steps.actor)
    name, rows = scored.rows_of(rooms, steps.with_features_of(model, studied), who, asked)
    task = performing.PerformanceTask(
        name,
        rows,
        who.outcomes,
        who.work,
        model,
        rooms.policies.get(policy.content_hash).source,
        scored.segments_of(rooms, rows, model, segments),
        scored.horizon_us(label),
        who.observed_until,
        steps.file.recipe.train.seed,
        {
            "model": {"version": rooms.models.version(model.model_hash).version, "hash": model.model_hash},
            "horizon": label.horizon,
        },
    )
    found = run_in_worker(performing.measure, task, progress=progress, cancel=steps.cancel)
    report_id = rooms.performance.add(found.told, model.model_hash, policy.content_hash, steps.actor, found.rows)
    return found.told | {"report_id": report_id}
