"""Two registered models on the same unseen rows: paired figures with intervals, and a plain answer."""

from typing import Any

import polars as pl

from core.features import engine
from core.kernel.errors import LeadbenchError
from core.models import evaluation, resampling
from core.models.encoding import Floats
from core.models.maturity import matured
from core.models.model import Model
from core.models.scoring import probabilities
from core.models.store import ModelVersion
from core.recipes import training_data
from core.recipes.learning import rounded
from core.recipes.rooms import Rooms
from core.recipes.rows import Prepared
from core.recipes.warnings import Caution

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


class LabelDiffers(LeadbenchError):
    """A model that was trained on another label than that of the rows that it is to be judged by."""

    code = "label_differs"

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Model `{version}` was trained on another label than the last recipe's, so its rows cannot judge it.",
            value=version,
            remedy="Run the model's own recipe again, or train a model on the last recipe.",
        )


class WindowsOpen(LeadbenchError):
    """Test rows of which no label's window is over yet."""

    code = "windows_open"

    def __init__(self, rows: int) -> None:
        super().__init__(
            f"Of `{rows}` test rows none has a label whose window is over at the end of the log.",
            value=rows,
            remedy="Load what came since, or shorten the label's horizon.",
        )


def judged(rooms: Rooms, prepared: Prepared, version: ModelVersion) -> Model:
    """The model, which learnt the label of the rows and saw none of the test's.

    Raises LabelDiffers, RowsSeen and ModelDamaged.
    """
    model = rooms.models.get(version.version)
    if not training_data.is_labelled_alike(model.facts, prepared):
        raise LabelDiffers(version.version)
    if not training_data.is_unseen(model.facts, prepared):
        raise RowsSeen(version.version)
    return model


def tested(prepared: Prepared) -> pl.DataFrame:
    """The test rows whose label's window is over, as of the others only those decided early have a label.

    Raises WindowsOpen where there is none.
    """
    rows = prepared.rows.filter(pl.col("part") == "test")
    over = matured(rows, prepared.observed_until).drop_nulls("y")
    if over.is_empty():
        raise WindowsOpen(rows.height)
    return over


def compare(rooms: Rooms, prepared: Prepared, one: ModelVersion, other: ModelVersion) -> dict[str, Any]:
    """The first model minus the second on the test rows whose window is over: pooled, by landmark, and by segment.

    The segment is the first category attribute with few values that the first model reads (evaluation.segment_of).
    Raises RowsSeen, LabelDiffers, WindowsOpen, ModelDamaged, and what builds refuse.
    """
    first, second = (judged(rooms, prepared, version) for version in (one, other))
    rows = tested(prepared)
    (frame, ours), (_, theirs) = (scored(rooms, model, rows) for model in (first, second))
    y, leads = rows["y"].cast(pl.Float64).to_numpy(), rows["lead_id"].to_numpy()
    found = resampling.summary(resampling.compare(y, ours, theirs, leads))
    segment = evaluation.segment_of(frame, first.features)
    both = {"one": one.version, "other": other.version, "rows": len(rows), "leads": rows["lead_id"].n_unique()}
    groups = {
        "by_landmark": _by_group(rows, rows["landmark"], "after", ours, theirs),
        "segment": segment,
        "by_segment": [] if segment is None else _by_group(rows, frame[segment], "segment", ours, theirs),
    }
    return rounded({**both, **found, **groups})


def champion_on(
    rooms: Rooms, prepared: Prepared, rows: pl.DataFrame, feature_set_hash: str
) -> tuple[tuple[str, Model, pl.DataFrame] | None, Caution | None]:
    """The champion with the test rows in its own features; None where there is none, or a warning says why not.

    rows: those of the test in the features of `feature_set_hash`. A champion that is damaged, that reads what is sealed
    by now, saw the rows or learnt another label does not stand in the way of its replacement.
    """
    found = rooms.models.champion()
    if found is None or found.feature_set_hash is None:
        return None, None
    try:
        model = judged(rooms, prepared, found)
        if found.feature_set_hash != feature_set_hash:
            rows = _built(rooms, found.feature_set_hash, rows)
    except LeadbenchError as refusal:
        told = f"Nothing is compared with the champion, model {found.version}: {refusal.message}"
        return None, Caution("champion_not_compared", told)
    return (found.version, model, rows), None


def scored(rooms: Rooms, model: Model, rows: pl.DataFrame) -> tuple[pl.DataFrame, Floats]:
    """The rows in the model's own features, and its probabilities."""
    frame = _built(rooms, str(model.feature_set_hash), rows)
    return frame, probabilities(model, frame)


def _built(rooms: Rooms, feature_set_hash: str, rows: pl.DataFrame) -> pl.DataFrame:
    return engine.build(rooms.db, rooms.features.get(feature_set_hash), rows.select("lead_id", "as_of", "known_at"))


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
