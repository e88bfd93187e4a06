"""Two registered models on the same unseen rows: paired figures with intervals, and a plain answer."""

from typing import Any

import polars as pl

from core.decisions.chances import chances
from core.decisions.store_course import DecisionCourse
from core.features import engine
from core.kernel.errors import LeadbenchError
from core.models import evaluation, resampling
from core.models.encoding import Floats
from core.models.maturity import matured
from core.models.model import Model
from core.models.scoring import probabilities
from core.models.store import ModelVersion
from core.models.worked import WEIGHT, weighed, weights_of, with_weights
from core.recipes import training_data
from core.recipes.learning import KEYS, Champion, rounded
from core.recipes.population import Population
from core.recipes.rooms import Rooms
from core.recipes.rows import Prepared
from core.recipes.warnings import Caution, Code

FEWEST_OF_A_CLASS = 10
NOT_COMPARED: Code = "champion_not_compared"


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


class WorkedThin(LeadbenchError):
    """Test rows of which too few are of worked leads with a weight."""

    code = "worked_thin"

    def __init__(self, rows: int, rarer: int) -> None:
        super().__init__(
            f"Of the worked leads that a weighted model is judged by `{rows:,}` test rows are left, "
            f"{rarer} of the rarer outcome; {FEWEST_OF_A_CLASS} are needed.",
            value=rows,
            remedy="Load what came since, or explore and hold out more.",
        )


def judged(rooms: Rooms, prepared: Prepared, version: ModelVersion, rows: pl.DataFrame) -> tuple[Model, pl.DataFrame]:
    """The model, which the label of the rows may judge, and those of these test rows that it has not seen.

    Raises LabelDiffers, ModelDamaged, and RowsSeen where it saw all, or so many that under ten of a class are left.
    """
    model = rooms.models.get(version.version)
    if not training_data.is_labelled_alike(model.facts, prepared, by_weight=WEIGHT in rows.columns):
        raise LabelDiffers(version.version)
    left = training_data.unseen(model.facts, prepared, rows)
    if left.is_empty() or (len(left) < len(rows) and _fewest(left["y"].drop_nulls()) < FEWEST_OF_A_CLASS):
        raise RowsSeen(version.version)
    return model, left


def standing(rooms: Rooms, prepared: Prepared, rows: pl.DataFrame, *versions: ModelVersion) -> pl.DataFrame:
    """These test rows as they judge the models: where one of them or the label weights, worked leads by their weight.

    One rule for both sides: worked leads stand for all, so they judge who took unworked ones for lost, and who left
    them out. Raises ModelDamaged, NothingLeftToChance and WeightsThin where the log gives no weights, WorkedThin where
    under ten test rows of an outcome have one.
    """
    if WEIGHT in rows.columns or not any(
        training_data.is_weighted(rooms.models.get(one.version).facts) for one in versions
    ):
        return rows
    logged = chances(rooms.db, rooms.loaders.policy, DecisionCourse(rooms.db).newest_entry())
    by_weight, _ = weighed(prepared.rows, Population.of(rooms.signals).work, logged)
    kept = with_weights(rows, by_weight).drop_nulls(WEIGHT)
    if (rarer := _fewest(kept["y"])) < FEWEST_OF_A_CLASS:
        raise WorkedThin(kept.height, rarer)
    return kept


def _fewest(y: pl.Series) -> int:
    """How many rows the rarer class has."""
    return min(int((y == 1).sum()), int((y == 0).sum()))


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

    Rows that one of them may have seen are left out; they count by weight as `standing` says. The segment is the first
    category attribute with few values that the first model reads (evaluation.segment_of). Raises RowsSeen,
    LabelDiffers, WindowsOpen, what `standing` raises, and what builds refuse.
    """
    first, rows = judged(rooms, prepared, one, standing(rooms, prepared, tested(prepared), one, other))
    second, rows = judged(rooms, prepared, other, rows)
    (frame, ours), (_, theirs) = (scored(rooms, model, rows) for model in (first, second))
    y, leads = rows["y"].cast(pl.Float64).to_numpy(), rows["lead_id"].to_numpy()
    weight = weights_of(rows)
    found = resampling.summary(resampling.compare(y, ours, theirs, leads, weight=weight))
    segment = evaluation.segment_of(frame, first.features)
    both = {"one": one.version, "other": other.version, "rows": len(rows), "leads": rows["lead_id"].n_unique()}
    both["weighted"] = weight is not None
    groups = {
        "by_landmark": _by_group(rows, rows["landmark"], "after", ours, theirs),
        "segment": segment,
        "by_segment": [] if segment is None else _by_group(rows, frame[segment], "segment", ours, theirs),
    }
    return rounded({**both, **found, **groups})


def champion_on(
    rooms: Rooms, prepared: Prepared, rows: pl.DataFrame, feature_set_hash: str
) -> tuple[Champion | None, Caution | None]:
    """The champion with the test rows that it has not seen; None where there is none, or a warning says why not.

    rows: those of the test in the features of `feature_set_hash`. A champion that is damaged, that reads what is sealed
    by now, saw the rows or learnt another label does not stand in the way of its replacement.
    """
    found = rooms.models.champion()
    if found is None or found.feature_set_hash is None:
        return None, None
    try:
        model, unseen = judged(rooms, prepared, found, standing(rooms, prepared, rows, found))
        is_another = found.feature_set_hash != feature_set_hash
        frame = _built(rooms, found.feature_set_hash, unseen) if is_another else unseen
    except LeadbenchError as refusal:
        told = f"Nothing is compared with the champion, model {found.version}: {refusal.message}"
        return None, Caution(NOT_COMPARED, told)
    kept = [name for name in (*KEYS, "y", "label_known_at", WEIGHT) if name in unseen.columns]
    return Champion(found.version, model, unseen.select(kept), frame), None


def scored(rooms: Rooms, model: Model, rows: pl.DataFrame) -> tuple[pl.DataFrame, Floats]:
    """The rows in the model's own features, and its probabilities."""
    frame = _built(rooms, str(model.feature_set_hash), rows)
    return frame, probabilities(model, frame)


def _built(rooms: Rooms, feature_set_hash: str, rows: pl.DataFrame) -> pl.DataFrame:
    return engine.build(rooms.db, rooms.features.get(feature_set_hash), rows.select("lead_id", "as_of", "known_at"))


def _by_group(rows: pl.DataFrame, group: pl.Series, name: str, ours: Floats, theirs: Floats) -> list[dict[str, Any]]:
    """The difference in AUC in each group, called `name`; none where a class has under ten rows."""
    found, y, leads = [], rows["y"].cast(pl.Float64).to_numpy(), rows["lead_id"].to_numpy()
    weight = weights_of(rows)
    for level in group.drop_nulls().unique(maintain_order=True).to_list():
        at = (group == level).fill_null(False).to_numpy()
        if min(y[at].sum(), at.sum() - y[at].sum()) < FEWEST_OF_A_CLASS:
            continue
        counted = None if weight is None else weight[at]
        area = resampling.compare(y[at], ours[at], theirs[at], leads[at], rounds=200, weight=counted)[0]
        found.append({name: level, "rows": int(at.sum()), **area.to_json()})
    return found
