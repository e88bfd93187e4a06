"""How old the knowledge is that a decision's features were computed from, and which of them are too old.

A lead that does nothing is not stale: silence is knowledge. A source that delivers nothing is. So a behaviour feature
is as old as the newest delivery, for any lead, of the sources that deliver the events it reads, and an attribute is as
old as the lead's own value. What reads a source whose events wait in quarantine is stale at once. Both count back
from as_of and see no more than was known at known_at.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from core.decisions.store_feeds import FeedStore
from core.features.document import Feature, FeatureSet
from core.features.lineage import Reads, reads
from core.kernel.database import Database

MINUTE = timedelta(minutes=1)
FEW_LOOKS = 8
"""So many looks at the log, one a moment, cost what all moments cost together."""
Newest = Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Freshness:
    """The age in whole minutes, and the names of the features that are older than their max_age, in order."""

    feature_age_min: int
    stale: tuple[str, ...] = ()


NOTHING_AGES = Freshness(0)


@dataclass(frozen=True)
class Delivered:
    """By behaviour feature when its sources delivered last; and those of which a source is held back."""

    newest: Mapping[str, datetime | None]
    held_back: frozenset[str]


@dataclass(frozen=True)
class Feed:
    """A behaviour feature with the sources that deliver what it reads."""

    feature: Feature
    sources: frozenset[str]

    def newest(self, newest: Newest) -> datetime | None:
        """When one of the sources delivered last; None where none ever did."""
        return max((moment for source, moment in newest.items() if source in self.sources), default=None)


def of_rows(db: Database, feature_set: FeatureSet, rows: pl.DataFrame) -> list[Freshness]:
    """For each row (lead_id, as_of, known_at) how fresh the set's features are.

    The age is that of the newest delivery of any source that the set reads, or of its oldest stale feature where one
    is older: what declares a max_age is judged by that, and a source that has gone silent is seen where it matters.
    Without as_of nothing ages.
    """
    own = _own_values(db, feature_set, rows)
    moments = rows.select("as_of", pl.coalesce("known_at", "as_of")).rows()
    known = deliveries(db, feature_set, [known_at for as_of, known_at in moments if as_of is not None])
    ages = _Ages(feature_set, known)
    return [ages.of(as_of, known_at, own.get(row_no)) for row_no, (as_of, known_at) in enumerate(moments)]


def delivered(db: Database, feature_set: FeatureSet, known_at: datetime) -> Delivered:
    """When the sources of the set's features delivered last, as known at the moment, and what is held back."""
    return deliveries(db, feature_set, [known_at])[known_at]


def deliveries(db: Database, feature_set: FeatureSet, moments: Sequence[datetime]) -> dict[datetime, Delivered]:
    """The same for each moment."""
    store = FeedStore(db)
    apart = sorted(set(moments), reverse=True)
    feeds, held_back = list(_feeds(feature_set, store.kinds())), store.held_back(apart)
    return {
        moment: Delivered(
            {feed.feature.name: feed.newest(newest) for feed in feeds},
            frozenset(feed.feature.name for feed in feeds if feed.sources & held_back.get(moment, frozenset())),
        )
        for moment, newest in _newest(store, apart).items()
    }


def _newest(store: FeedStore, apart: Sequence[datetime]) -> dict[datetime, dict[str, datetime]]:
    """By moment, the latest first, when each source delivered last.

    Where no source has delivered anything between two moments both know the same, and the log is read once for both;
    for the rest of many moments it is read once for all.
    """
    found: dict[datetime, dict[str, datetime]] = {}
    newest, looks = None, 0
    for place, moment in enumerate(apart):
        if newest is None or any(delivery > moment for delivery in newest.values()):
            if looks == FEW_LOOKS:
                return found | store.newest_of_many(apart[place:])
            newest, looks = store.newest(moment), looks + 1
        found[moment] = newest
    return found


def sources_by_feature(db: Database, feature_set: FeatureSet) -> dict[str, frozenset[str]]:
    """By behaviour feature: the sources that deliver what it reads."""
    return {feed.feature.name: feed.sources for feed in _feeds(feature_set, FeedStore(db).kinds())}


class _Ages:
    """The freshness of a set at any moment; rows of one moment without own values share it."""

    def __init__(self, feature_set: FeatureSet, delivered: Mapping[datetime, Delivered]) -> None:
        self._feature_set, self._delivered = feature_set, delivered
        self._shared: dict[tuple[datetime, datetime], Freshness] = {}

    def of(self, as_of: datetime | None, known_at: datetime, own: Mapping[str, datetime] | None) -> Freshness:
        if as_of is None:
            return NOTHING_AGES
        delivered = self._delivered[known_at]
        if own:
            return _freshness(self._feature_set, delivered, own, as_of)
        if (as_of, known_at) not in self._shared:
            self._shared[as_of, known_at] = _freshness(self._feature_set, delivered, {}, as_of)
        return self._shared[as_of, known_at]


def _feeds(feature_set: FeatureSet, kinds: pl.DataFrame) -> Iterator[Feed]:
    delivering: dict[str, set[str]] = {}
    for source, kind in kinds.select("source", "type").iter_rows():
        delivering.setdefault(kind, set()).add(source)
    for feature in feature_set.features:
        if feature.attribute is None:
            yield Feed(feature, _sources(reads(feature), delivering))


def _sources(read: Reads, delivering: Mapping[str, set[str]]) -> frozenset[str]:
    """The sources that the feature names, else those that deliver the types that it names, else all."""
    if read.sources is not None:
        return frozenset(read.sources)
    types = delivering if read.types is None else read.types
    return frozenset[str]().union(*(delivering.get(kind, ()) for kind in types))


def _freshness(
    feature_set: FeatureSet, delivered: Delivered, own: Mapping[str, datetime], as_of: datetime
) -> Freshness:
    moments = {**delivered.newest, **own}
    stale = [
        one.name
        for one in feature_set.features
        if one.name in delivered.held_back
        or (one.max_age and one.name in moments and _is_older(moments[one.name], one.max_age, as_of))
    ]
    latest = max((moment for moment in delivered.newest.values() if moment), default=as_of)
    oldest = min([latest, *(moment for name in stale if (moment := moments[name]))])
    return Freshness(max((as_of - oldest) // MINUTE, 0), tuple(stale))


def _is_older(moment: datetime | None, max_age_us: int, as_of: datetime) -> bool:
    """Whether the moment is longer ago; what was never delivered is too old."""
    return moment is None or as_of - moment > timedelta(microseconds=max_age_us)


def _own_values(db: Database, feature_set: FeatureSet, rows: pl.DataFrame) -> dict[int, dict[str, datetime]]:
    """By row: since when the lead's own value of each attribute feature with a max_age is known."""
    ageing = {one.name: one.attribute for one in feature_set.features if one.attribute and one.max_age}
    found: dict[int, dict[str, datetime]] = {}
    if not ageing:
        return found
    for row_no, attribute, since in FeedStore(db).attribute_times(rows, sorted(set(ageing.values()))).rows():
        found.setdefault(row_no, {}).update({name: since for name, read in ageing.items() if read == attribute})
    return found
