"""A feature set kept ready in memory: the values of a lead at any moment, without asking the store."""

import threading
from collections.abc import Sequence

import numpy as np
import polars as pl

from core.features.aggregates import AGGREGATES, BOOLEAN, CATEGORY, COUNT
from core.features.compiler.accounts import FIRST_US
from core.features.document import Feature, FeatureSet
from core.features.engine import build, resolve
from core.features.online.layout import LEAD_ID, NEVER, Layout, edge_text
from core.features.online.plan import ALWAYS, Planner, ScopePlan
from core.features.online.state import Group, Outgrown, State
from core.features.spine import spine_rows
from core.kernel.database import Database

FEW_ROWS = 256
"""Up to so many rows a column is made value by value, which starts faster."""
KINDS = {COUNT: pl.Int64, BOOLEAN: pl.Boolean}
MAKERS = {COUNT: int, BOOLEAN: bool}
_NO_OWNERS = np.empty(0, dtype=np.int64)


class OnlineFeatures:
    """The values of a feature set, equal to those of `engine.build`; one thread catches up, any number read.

    Making it reads the whole log once. Windows expire by themselves: every value is as of the moment that is asked for.
    A set whose conditions name the lead is built by the batch where leads were merged: whose an event is, is then known
    only at the moment of the question.
    Raises AttributeUnknown and AttributePersonal.
    """

    def __init__(self, db: Database, feature_set: FeatureSet) -> None:
        self._db = db
        self.feature_set = resolve(db, feature_set)
        self._layout = Layout()
        self._plans = _planned(self.feature_set, self._layout)
        self._scopes = [plan.scope for plan in self._plans]
        self._places = _attribute_places(self.feature_set)
        self._asks_who = any(_asks_who(feature) for feature in self.feature_set.features)
        self._catching = threading.Lock()
        self._state = self._loaded()

    def catch_up(self, *, only_events: bool = False) -> int:
        """Take in what was committed since; how many events came.

        `only_events`: nothing but new events of leads that are known came since, for certain.
        """
        with self._catching:
            try:
                return self._state.append() if only_events else self._state.advance()
            except Outgrown:
                self._state = self._loaded()
                return 0

    def vectors(self, spine: pl.DataFrame) -> pl.DataFrame:
        """The same frame as that of `engine.build`: the spine's columns, then one a feature; raises SpineInvalid."""
        state = self._state
        if self._asks_who and state.has_merges:
            return build(self._db, self.feature_set, spine)
        rows = spine_rows(self.feature_set, spine)
        moments = rows.select(pl.col("as_of", "known_at").to_physical())
        found = np.empty((len(rows), len(self.feature_set)))
        keys = zip(rows["lead_id"], moments["as_of"], moments["known_at"], strict=True)
        for place, (lead_id, as_of, known_at) in enumerate(keys):
            self._write(state, lead_id, as_of, known_at, found[place])
        columns = [_column(state, feature, found[:, place]) for place, feature in enumerate(self.feature_set.features)]
        return spine.hstack(columns)

    def vector(self, lead_id: str, as_of: int, known_at: int) -> np.ndarray:
        """One double a feature, NaN where missing, categories as codes; times are microseconds since 1970.

        It does not see merges in conditions that name the lead; `vectors` does.
        """
        found = np.empty(len(self.feature_set))
        self._write(self._state, lead_id, as_of, known_at, found)
        return found

    @property
    def nbytes(self) -> int:
        """The bytes that the events take."""
        return self._state.segments.nbytes

    def _loaded(self) -> State:
        return State(self._db, self._layout, self.feature_set.attribute_names)

    def _write(self, state: State, lead_id: str, as_of: int | None, known_at: int | None, out: np.ndarray) -> None:
        from core.features.online.kernels import attributes, walk

        moment, known = FIRST_US if as_of is None else as_of, FIRST_US if known_at is None else known_at
        groups, held = state.groups(lead_id, known, self._scopes)
        for plan, group in zip(self._plans, groups, strict=True):
            rows, owners = _rows(state, group, moment, plan)
            walk.vector(plan.walk, rows, rows.view(np.float64), owners, moment, known, out)
        if self._places:
            values = np.empty(len(state.attributes.names))
            moment = NEVER if as_of is None else as_of
            attributes.vector(held, held.view(np.float64), state.attributes.kinds, moment, known, values)
            for place, attribute in self._places:
                out[place] = values[attribute]


def _planned(feature_set: FeatureSet, layout: Layout) -> list[ScopePlan]:
    planners: dict[str, Planner] = {}
    for place, feature in enumerate(feature_set.features):
        if feature.aggregate is not None:
            planners.setdefault(feature.scope, Planner(layout)).add(place, feature)
    return [planner.plan(scope) for scope, planner in planners.items()]


def _asks_who(feature: Feature) -> bool:
    """Whether the feature reads which lead an event belongs to, other than to count leads."""
    conditions = [one for one in (feature.where, feature.then) if one is not None]
    edge = feature.of is not None and feature.of.name == LEAD_ID and feature.aggregate != "distinct"
    return edge or any(LEAD_ID in condition.fields for condition in conditions)


def _attribute_places(feature_set: FeatureSet) -> list[tuple[int, int]]:
    names = feature_set.attribute_names
    return [
        (place, names.index(feature.attribute))
        for place, feature in enumerate(feature_set.features)
        if feature.attribute is not None
    ]


def _rows(state: State, group: Group, as_of: int, plan: ScopePlan) -> tuple[np.ndarray, np.ndarray]:
    """The group's rows in order, and whose each is; a single lead's are taken as they stand."""
    if len(group.blocks) < 2:
        return (group.blocks[0] if group.blocks else state.segments.empty), _NO_OWNERS
    first = FIRST_US if plan.reach == ALWAYS else as_of - plan.reach
    parts = [block[slice(*np.searchsorted(block[:, 0], (first, as_of)))] for block in group.blocks]
    rows, owners = state.segments.joined(parts, by_id=plan.by_id)
    return rows, np.asarray(group.owners, dtype=np.int64)[owners]


def _column(state: State, feature: Feature, values: np.ndarray) -> pl.Series:
    """One feature's values of all rows, in the type of the batch build."""
    dictionary = _dictionary(state, feature)
    if dictionary is not None:
        kind = pl.Boolean if feature.dtype == BOOLEAN else pl.String
        found = [None if np.isnan(code) else dictionary[int(code)] for code in values]
        return pl.Series(feature.name, found, dtype=kind)
    if len(values) <= FEW_ROWS:
        made = MAKERS.get(feature.dtype, float)
        kind = KINDS.get(feature.dtype, pl.Float64)
        return pl.Series(feature.name, [None if one != one else made(one) for one in values.tolist()], dtype=kind)
    numbers = pl.Series(feature.name, values).fill_nan(None)
    return numbers.cast(KINDS.get(feature.dtype, pl.Float64))


def _dictionary(state: State, feature: Feature) -> Sequence[str | bool] | None:
    if feature.attribute is not None:
        found = state.attributes.dictionaries.get(feature.attribute)
        return found.values if found else None
    if AGGREGATES[feature.aggregate or "count"].dtype is not None or feature.dtype not in (BOOLEAN, CATEGORY):
        return None
    return state.dictionaries[edge_text(feature)].values  # pyright: ignore[reportArgumentType]
