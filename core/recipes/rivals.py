"""Two registered models on the same unseen rows: paired figures with intervals, and a plain answer."""

from typing import Any

import polars as pl

from core.features import engine
from core.kernel.errors import LeadbenchError
from core.kernel.workers import Progress
from core.models import evaluation, resampling
from core.models.encoding import Floats
from core.models.errors import ModelDamaged
from core.models.model import Model
from core.models.scoring import probabilities
from core.models.store import ModelVersion
from core.recipes import training_data
from core.recipes.learning import rounded
from core.recipes.rooms import Rooms
from core.recipes.rows import Prepared

FEWEST_OF_A_CLASS = 10


class RowsSeen(LeadbenchError):
    """Models whose training may have seen the rows that they are to be compared on."""

    code = "rows_seen"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Model `{version}` may have been trained on leads that the comparison would judge by.",
            value=version,
            remedy="Train it again with `leadbench train --reproduce` or on the last recipe, then compare.",
        )


def compare(rooms: Rooms, prepared: Prepared, one: ModelVersion, other: ModelVersion) -> dict[str, Any]:
    """The first model minus the second on the test rows of now: pooled, by landmark, and by segment.

    The segment is the first category attribute with few values that the first model reads (evaluation.segment_of).
    Raises RowsSeen where either model may know the rows, ModelDamaged, and what builds refuse.
    """
    rows = prepared.rows.filter(pl.col("part") == "test")
    for version in (one, other):
        if not training_data.is_unseen(rooms.models.get(version.version).facts, prepared):
            raise RowsSeen(version.version)
    frame, ours = _scored(rooms, one, rows)
    theirs = _scored(rooms, other, rows)[1]
    y, leads = rows["y"].cast(pl.Float64).to_numpy(), rows["lead_id"].to_numpy()
    found = resampling.summary(resampling.compare(y, ours, theirs, leads))
    segment = evaluation.segment_of(frame, rooms.models.get(one.version).features)
    both = {"one": one.version, "other": other.version, "rows": len(rows), "leads": rows["lead_id"].n_unique()}
    groups = {
        "by_landmark": _by_group(rows, rows["landmark"], "after", ours, theirs),
        "segment": segment,
        "by_segment": [] if segment is None else _by_group(rows, frame[segment], "segment", ours, theirs),
    }
    return rounded({**both, **found, **groups})


def champion_on(
    rooms: Rooms, prepared: Prepared, tested: pl.DataFrame, feature_set_hash: str, progress: Progress | None
) -> tuple[str, Model, pl.DataFrame] | None:
    """The champion with the test rows in its own features; None where it may have seen them, or there is none.

    tested: the rows in the features of `feature_set_hash`. A damaged champion does not stand in the way of its
    replacement: it is said, and not compared with.
    """
    found = rooms.models.champion()
    if found is None or found.feature_set_hash is None:
        return None
    try:
        model = rooms.models.get(found.version)
    except ModelDamaged:
        if progress:
            progress(0.0, f"model {found.version} is damaged, so nothing is compared with it")
        return None
    if not training_data.is_unseen(model.facts, prepared):
        return None
    if found.feature_set_hash != feature_set_hash:
        chosen = rooms.features.get(found.feature_set_hash)
        tested = engine.build(rooms.db, chosen, tested.select("lead_id", "as_of", "known_at"))
    return found.version, model, tested


def _scored(rooms: Rooms, version: ModelVersion, rows: pl.DataFrame) -> tuple[pl.DataFrame, Floats]:
    """The rows in the model's own features, and its probabilities."""
    chosen = rooms.features.get(str(version.feature_set_hash))
    frame = engine.build(rooms.db, chosen, rows.select("lead_id", "as_of", "known_at"))
    return frame, probabilities(rooms.models.get(version.version), frame)


def _by_group(rows: pl.DataFrame, group: pl.Series, name: str, ours: Floats, theirs: Floats) -> list[dict[str, Any]]:
    """The difference in AUC in each group, called `name`; none where a class has under ten rows."""
    found, y, leads = [], rows["y"].cast(pl.Float64).to_numpy(), rows["lead_id"].to_numpy()
    for level in group.drop_nulls().unique(maintain_order=True).to_list():
        at = (group == level).fill_null(False).to_numpy()
        if min(y[at].sum(), at.sum() - y[at].sum()) < FEWEST_OF_A_CLASS:
            continue
        area = resampling.compare(y[at], ours[at], theirs[at], leads[at], rounds=200)[0]
        found.append({name: level, "rows": int(at.sum()), **area.to_json()})
    return found
