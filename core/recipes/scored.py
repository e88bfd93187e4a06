"""The scored rows that performance is judged on: leads that no training saw, or what was decided."""

import polars as pl

from core.decisions.store_course import DecisionCourse
from core.kernel.errors import LeadbenchError
from core.kernel.times import duration_us, naive
from core.models.labels import LabelSpec, labelled
from core.models.maturity import matured
from core.models.model import Model
from core.models.worked import standing_for_all, with_weights
from core.recipes.comparing import with_attributes, with_waiting
from core.recipes.document import Label
from core.recipes.population import Population
from core.recipes.products import Studied
from core.recipes.rooms import Rooms

FEWEST_DECIDED = 200
MOST_SEGMENTS, MOST_LEVELS = 4, 12


class SegmentUnknown(LeadbenchError):
    """A segment that is no attribute of the leads with few values."""

    code = "unknown_segment"

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"`{name}` is no attribute with 2 to {MOST_LEVELS} values.",
            value=name,
            remedy=f"Use one of: {', '.join(known) or 'there is none on this store'}.",
        )


def rows_of(rooms: Rooms, studied: Studied, population: Population, asked: str) -> tuple[str, pl.DataFrame]:
    """The population that is judged and its rows; `auto`: what was decided, where 200 rows of it have labels.

    Where the label weights, rows have WEIGHT, and those that a weight stands for are counted.
    """
    prepared, weighting = studied.prepared, studied.prepared.weighting
    if asked != "test":
        decided = _decided(rooms, population, prepared.label)
        if weighting is not None:
            decided = with_weights(decided, prepared.rows, weighting.share)
        counted = standing_for_all(decided)
        if asked == "decided" or counted.height - counted["y"].null_count() >= FEWEST_DECIDED:
            return "decided", with_attributes(rooms, decided)
    return "test", with_attributes(rooms, _tested(rooms, studied, population))


def segments_of(rooms: Rooms, rows: pl.DataFrame, model: Model, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The attributes of leads to compare by: as asked, else up to four, those that the model reads first.

    Raises SegmentUnknown.
    """
    words = [name for name in rooms.signals.attributes_wide().columns if rows.schema.get(name) == pl.String]
    known = [name for name in words if name != "lead_id" and 2 <= rows[name].n_unique() <= MOST_LEVELS]
    for name in asked:
        if name not in known:
            raise SegmentUnknown(name, known)
    read = set(model.names)
    return asked or tuple(sorted(known, key=lambda name: (name not in read, name))[:MOST_SEGMENTS])


def horizon_us(label: Label) -> int | None:
    """The label's window in microseconds, None where it has none."""
    return None if label.horizon is None else duration_us(label.horizon)


def _decided(rooms: Rooms, population: Population, label: Label) -> pl.DataFrame:
    end = None if population.observed_until is None else naive(population.observed_until)
    spec = LabelSpec(label.positive, horizon_us(label), label.censor_open)
    found = labelled(DecisionCourse(rooms.db).weekly(), population.outcomes, spec, end)
    known = found.with_columns(pl.when(pl.col("y") >= 0).then("y").alias("y"))
    return matured(known, population.observed_until).select("lead_id", "as_of", "y", "p", "band", "arm", "explored")


def _tested(rooms: Rooms, studied: Studied, population: Population) -> pl.DataFrame:
    """The test rows and, under a split by time, the rows of later leads whose label is still to come."""
    chosen, cut, waiting = studied.featured.feature_set, studied.prepared.split.cut_at, studied.prepared.waiting
    frame = matured(studied.part("test"), population.observed_until)
    later = waiting.clear() if cut is None else waiting.filter(pl.col("created_at") >= naive(cut))
    return with_waiting(rooms, studied, frame, later, ("lead_id", "as_of", "y", *chosen.feature_names))
