"""From leads and moments to a frame of features, with and without the suspected leaks."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import polars as pl

from core.features import auto, engine, parser
from core.features.document import Feature, FeatureSet
from core.features.schema import event_schema
from core.kernel.database import Watch
from core.kernel.errors import LeadbenchError
from core.kernel.expressions import And, Comparison, InList, Literal, Node, Or
from core.recipes.document import resolve
from core.recipes.errors import FeaturesSuspected
from core.recipes.reader import RecipeFile
from core.recipes.rooms import Rooms
from core.recipes.suspects import Findings

REGISTERED = "sha256:"
RECENCY = Feature("days_since_last", aggregate="days_since_last")


class FeatureFileMissing(LeadbenchError):
    """A recipe that names a feature-set file which is not there."""

    code = "file_missing"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"There is no feature set at `{path}`.",
            value=path,
            remedy="Correct `features:`, or write auto.",
        )


@dataclass(frozen=True)
class Featured:
    """The feature set with the rows' frame; the same with the suspects where there are any; the recency column."""

    feature_set: FeatureSet
    frame: pl.DataFrame = field(repr=False)
    with_suspects: tuple[FeatureSet, pl.DataFrame] | None = field(repr=False)
    recency: str | None


def build(
    rooms: Rooms, file: RecipeFile, rows: pl.DataFrame, findings: Findings, watch: Watch | None = None
) -> Featured:
    """The frames of the rows; raises what feature sets and builds refuse, and Cancelled."""
    chosen = choose(rooms, file, findings, rows)
    frame = engine.build(rooms.db, chosen, rows, watch)
    recency = next((one.name for one in chosen.features if one.behaviour_hash == RECENCY.behaviour_hash), None)
    if recency is None and rooms.signals.summary()["events"]:
        recency = "recency_in_days"
        only = FeatureSet("recency", (Feature(recency, aggregate="days_since_last"),))
        frame = frame.hstack(engine.build(rooms.db, only, rows, watch).select(recency))
    return Featured(chosen, frame, _suspicious(rooms, file, findings, rows, watch), recency)


def choose(rooms: Rooms, file: RecipeFile, findings: Findings, rows: pl.DataFrame) -> FeatureSet:
    """The recipe's own feature set, or the derived one, without what must be left out."""
    if file.recipe.features != "auto":
        return unsuspected(_read(rooms, file), findings.types(), findings.columns())
    return _derived(rooms, file, rows, findings.types(), findings.columns())


def _derived(rooms: Rooms, file: RecipeFile, rows: pl.DataFrame, types: list[str], columns: list[str]) -> FeatureSet:
    trained = rows.filter(pl.col("part").is_in(["train", "calibration"])).select("lead_id").unique()
    return auto.derive(
        rooms.db,
        exclude_types=types,
        exclude_attributes=columns,
        names=file.recipe.names,
        leads=trained,
        labelled=rows.filter(pl.col("part") == "train"),
    )


def _suspicious(
    rooms: Rooms, file: RecipeFile, findings: Findings, rows: pl.DataFrame, watch: Watch | None
) -> tuple[FeatureSet, pl.DataFrame] | None:
    if not findings.left_out:
        return None
    types, columns = findings.types(with_suspects=True), findings.columns(with_suspects=True)
    if file.recipe.features == "auto":
        chosen = _derived(rooms, file, rows, types, columns)
    else:
        chosen = unsuspected(_read(rooms, file), types, columns)
    return chosen, engine.build(rooms.db, chosen, rows, watch)


def unsuspected(declared: FeatureSet, types: Collection[str], columns: Collection[str]) -> FeatureSet:
    """The set without the features that read one of the attributes or ask for one of the event types.

    Raises FeaturesSuspected where nothing is left.
    """
    suspect = [one for one in declared.features if one.attribute in columns or _asked_types(one) & set(types)]
    kept = tuple(one for one in declared.features if one not in suspect)
    if not kept:
        raise FeaturesSuspected(declared.name, [one.name for one in suspect])
    return replace(declared, features=kept)


def _asked_types(feature: Feature) -> set[str]:
    return {kind for part in (feature.where, feature.then) if part for kind in _types_in(part.node)}


def _types_in(node: Node) -> set[str]:
    """The event types that a condition lets through by name."""
    match node:
        case And() | Or():
            return {kind for part in node.parts for kind in _types_in(part)}
        case Comparison(operator="=", left=left, right=Literal() as right) if left.field.name == "type":
            return {str(right.value)}
        case InList(negated=False, ref=ref, values=values) if ref.field.name == "type":
            return {str(one.value) for one in values}
        case _:
            return set()


def _read(rooms: Rooms, file: RecipeFile) -> FeatureSet:
    """The set of a file, or the registered one whose hash the recipe names; raises FeatureSetUnknown."""
    if file.recipe.features.startswith(REGISTERED):
        return rooms.features.get(file.recipe.features)
    path = resolve(file.folder, file.recipe.features)
    if not path.is_file():
        raise FeatureFileMissing(path)
    declared = parser.read(path.read_text(encoding="utf-8"), str(path), event_schema(rooms.db))
    return engine.resolve(rooms.db, declared)
