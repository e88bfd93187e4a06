"""The performance job of a recipe: what became of scored leads, by cohort, segment and band, and what is expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from core.kernel.workers import report_progress
from core.models.model import Model
from core.models.scoring import probabilities
from core.models.worked import WEIGHT, effective, standing_for_all, weights_of
from core.monitoring import cohorts, judged, loops, performance
from core.monitoring.estimate import ASSUMPTION, estimate
from core.monitoring.performance_alerts import alerts_of
from core.policy import parser
from core.recipes.drifting import decider
from core.recipes.learning import rounded


@dataclass(frozen=True)
class PerformanceTask:
    """Scored rows and what is needed to judge them.

    rows: lead_id, as_of, y (null: not known yet), the segments, WEIGHT where the label weights, and either the model's
    features (population `test`) or p and band of the stored decisions (`decided`), with arm and explored; outcomes:
    lead_id, at; work: lead_id, worked, worked_at.
    """

    population: str
    rows: pl.DataFrame = field(repr=False)
    outcomes: pl.DataFrame = field(repr=False)
    work: pl.DataFrame = field(repr=False)
    model: Model
    policy_text: str = field(repr=False)
    segments: tuple[str, ...]
    horizon_us: int | None
    observed_until: datetime | None
    seed: int
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """The `performance` object, and the rows that it judged, as monitoring.store_performance keeps them."""

    told: dict[str, Any]
    rows: pl.DataFrame = field(repr=False)


def measure(task: PerformanceTask) -> Measured:
    """What became of the rows, judged in a worker."""
    report_progress(0.1, "scoring")
    policy = parser.load(task.policy_text, "policy")
    bands = list(policy.document.bands.order)
    whole = _scored(task, bands)
    rows = standing_for_all(whole)
    weight = weights_of(rows.drop_nulls("y"))
    report_progress(0.3, "cohorts and what is expected of them")
    ripe = standing_for_all(judged.mature(whole))
    real, guess = cohorts.realised(ripe, task.seed), cohorts.estimated(estimate(ripe, task.seed))
    found = {
        **task.about,
        "population": task.population,
        "observed_until": cohorts.observed(task.observed_until),
        "period": rows["period"][0] if rows.height else None,
        "rows": rows.height,
        "leads": rows["lead_id"].n_unique(),
        "labelled": rows.height - rows["y"].null_count(),
        "waiting": rows["y"].null_count(),
        "weighted": weight is not None,
        "effective_rows": None if weight is None or not len(weight) else effective(weight, len(weight)),
        "label_delay": cohorts.label_delay(rows, task.outcomes),
        "realised": real,
        "untold": cohorts.untold(ripe),
        "estimated": guess,
        "agreement": cohorts.agreement(real, guess),
        "assumption": ASSUMPTION,
        "cohorts": cohorts.cohorts(rows, task.horizon_us, task.seed, whole),
    }
    report_progress(0.7, "segments, bands and feedback loops")
    found["segments"] = performance.segments(ripe, task.segments, bands[:1])
    found["inflation"] = performance.inflation(whole, bands)
    found["loops"] = loops.compare(whole, task.work, bands)
    found["alerts"] = alerts_of(found)
    return Measured(rounded(found), judged.kept(whole, task.work, task.segments))


def _scored(task: PerformanceTask, bands: Sequence[str]) -> pl.DataFrame:
    """The rows with p, band, cohort and the cohorts' period."""
    rows = task.rows.with_columns(pl.col("as_of").cast(pl.Datetime("us")))
    if "p" not in rows.columns:
        decided = decider(task.model, parser.load(task.policy_text, "policy"))(rows)
        rows = rows.with_columns(decided["band"], pl.Series("p", probabilities(task.model, rows)))
    period = cohorts.period_of(rows["as_of"])
    known = (name for name in ("arm", "explored", WEIGHT) if name in rows.columns)
    kept = dict.fromkeys(("lead_id", "as_of", "y", "p", "band", *known))
    chosen = rows.select(*kept, *(name for name in task.segments if name not in kept))
    return cohorts.with_cohort(chosen, period).with_columns(pl.lit(period).alias("period"))
