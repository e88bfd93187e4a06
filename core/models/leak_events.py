"""Event types that give the outcome away."""

from collections.abc import Collection
from typing import Any

import numpy as np
import polars as pl

from core.models.leak_evidence import AT_OUTCOME, FEWEST_LEADS, Suspect, one_sided, percent
from core.models.ranking import presence_auc, single_column_auc

IMPLAUSIBLE = 0.95
MOST_PAIRS = 5_000_000
MOST_TYPES = 200
SEED = 7


def examine(
    events: pl.DataFrame, facts: pl.DataFrame, rows: pl.DataFrame, outcome_types: Collection[str]
) -> list[Suspect]:
    """The event types that happen at the outcome or later, only for one outcome, or foretell it beyond belief."""
    if events.is_empty() or facts.is_empty():
        return []
    signs = _signs(events, facts)
    positives = int(facts["positive"].sum())
    sizes = (positives, len(facts) - positives)
    commonest = signs.sort(["leads", "type"], descending=[True, False])["type"].to_list()[:MOST_TYPES]
    separating = _separating(events, rows, commonest)
    found = [
        _judge(sign, sizes, len(signs), separating.get(sign["type"]), sign["type"] in outcome_types)
        for sign in signs.sort("type").to_dicts()
    ]
    return [suspect for suspect in found if suspect is not None]


def _signs(events: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Per type: leads that ever have it, by class, and how many have it first at the outcome or later."""
    first = events.group_by("lead_id", "type").agg(pl.col("occurred_at").min())
    known = first.join(facts, on="lead_id").with_columns(
        (pl.col("occurred_at").dt.truncate("1s") >= pl.col("decided_at").dt.truncate("1s")).alias("at_outcome")
    )
    return known.group_by("type").agg(
        pl.len().cast(pl.Int64).alias("leads"),
        pl.col("positive").sum().cast(pl.Int64).alias("positive"),
        pl.col("at_outcome").count().cast(pl.Int64).alias("timed"),
        pl.col("at_outcome").sum().cast(pl.Int64).alias("at_outcome"),
    )


def _separating(events: pl.DataFrame, rows: pl.DataFrame, types: list[str]) -> dict[str, float]:
    """Held-out AUC of each type's count before as_of, on a sample of leads that keeps the work bounded."""
    dated = rows.filter(pl.col("as_of").is_not_null() & (pl.col("part") != "dropped"))
    known = events.select("lead_id", "type", "occurred_at").filter(pl.col("type").is_in(types))
    chosen = dated.join(_sample(dated, known), on="lead_id", maintain_order="left").with_row_index("row_no")
    tested = (chosen["part"] == "test").to_numpy()
    if tested.all() or not tested.any():
        return {}
    pairs = chosen.select("row_no", "lead_id", "as_of").join(known, on="lead_id")
    seen = pairs.filter(pl.col("occurred_at") < pl.col("as_of"))
    counts = seen.group_by("type", "row_no").len(name="times").partition_by("type", as_dict=True)
    y = chosen["y"].to_numpy()
    return {kind: single_column_auc(_filled(chosen, counts[(kind,)]), y, tested) for kind in types if (kind,) in counts}


def _sample(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The leads of the rows, or so many drawn by chance that rows and events make about five million pairs."""
    looks, deeds = rows.group_by("lead_id").len(name="looks"), events.group_by("lead_id").len(name="deeds")
    sizes = looks.join(deeds, on="lead_id", how="left").fill_null(0).sort("lead_id")
    pairs = int((sizes["looks"].cast(pl.Int64) * sizes["deeds"].cast(pl.Int64)).sum())
    if pairs <= MOST_PAIRS:
        return sizes.select("lead_id")
    drawn = np.random.default_rng(SEED).permutation(len(sizes))[: max(1, len(sizes) * MOST_PAIRS // pairs)]
    return sizes.select(pl.col("lead_id").gather(np.sort(drawn)))


def _filled(chosen: pl.DataFrame, counts: pl.DataFrame) -> pl.Series:
    joined = chosen.select("row_no").join(counts, on="row_no", how="left", maintain_order="left")
    return joined["times"].fill_null(0).clip(upper_bound=5)


def _judge(
    sign: dict[str, Any], sizes: tuple[int, int], tried: int, separates: float | None, reads_outcome: bool
) -> Suspect | None:
    positive, leads = sign["positive"], sign["leads"]
    late = sign["at_outcome"] / sign["timed"] if sign["timed"] else 0.0
    base = sizes[0] / sum(sizes)
    for_positive, for_other = (
        one_sided(positive, leads, base, tried),
        one_sided(leads - positive, leads, 1 - base, tried),
    )
    told: list[tuple[str, str]] = []
    if reads_outcome:
        told.append(("outcome", "the recipe reads the outcome from it"))
    if sign["timed"] >= FEWEST_LEADS and late >= AT_OUTCOME:
        told.append(
            ("timing", f"it first happens in the outcome's second or later in {percent(late)} of its decided leads")
        )
    if for_positive or for_other:
        side = "the positive" if for_positive else "another"
        told.append(
            ("one_outcome", f"{percent(max(positive, leads - positive) / leads)} of its leads have {side} outcome")
        )
    if separates is not None and separates >= IMPLAUSIBLE:
        told.append(("separates", f"its count before as_of alone reaches AUC {separates:.2f} on held-out leads"))
    if not told:
        return None
    alone = presence_auc(positive / max(sizes[0], 1), (leads - positive) / max(sizes[1], 1))
    evidence = (
        f"{'; '.join(text for _, text in told).capitalize()}. On record for {positive} of {sizes[0]} positive "
        f"and {leads - positive} of {sizes[1]} other leads."
    )
    kind = sign["type"]
    return Suspect(f"type = '{kind}'", "event_type", kind, tuple(rule for rule, _ in told), evidence, round(alone, 4))
