"""How old the values are whose fields in the policy's contract allow only so much (`max_age_min`).

What the engine makes itself is of this very moment. An attribute ages since the lead's own value is known, a behaviour
feature since a source that it reads delivered last.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import polars as pl

from core.decisions import freshness
from core.decisions.store_feeds import FeedStore
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.policy.document import Policy
from core.policy.inputs import looked_up_fields

MINUTE = timedelta(minutes=1)


def ages(db: Database, feature_set: FeatureSet, policy: Policy, rows: pl.DataFrame) -> list[dict[str, int]]:
    """For each row (lead_id, as_of, known_at) the whole minutes by field; without as_of nothing ages.

    Empty dicts where the policy limits no age; a value of unknown age is not in the dict.
    """
    limited = [name for name in looked_up_fields(policy) if policy.input_fields[name].max_age_min is not None]
    found: list[dict[str, int]] = [{} for _ in range(rows.height)]
    if not limited:
        return found
    read = {one.name: one.attribute for one in feature_set.features if one.name in limited}
    attributes = {name: read.get(name) or name for name in limited if read.get(name) or name not in read}
    _add_attributes(db, rows, attributes, found)
    _add_features(db, feature_set, rows, [name for name, attribute in read.items() if attribute is None], found)
    return found


def _add_attributes(
    db: Database, rows: pl.DataFrame, attributes: Mapping[str, str], found: list[dict[str, int]]
) -> None:
    moments = rows["as_of"].to_list()
    for row_no, attribute, since in FeedStore(db).attribute_times(rows, sorted(set(attributes.values()))).rows():
        if moments[row_no] is not None and since is not None:
            age = _minutes(moments[row_no], since)
            found[row_no].update({name: age for name, source in attributes.items() if source == attribute})


def _add_features(
    db: Database, feature_set: FeatureSet, rows: pl.DataFrame, names: list[str], found: list[dict[str, int]]
) -> None:
    if not names:
        return
    moments = rows.select("as_of", pl.coalesce("known_at", "as_of")).rows()
    known = freshness.deliveries(db, feature_set, [known_at for as_of, known_at in moments if as_of is not None])
    for row_no, (as_of, known_at) in enumerate(moments):
        if as_of is not None:
            newest = known[known_at].newest
            ages = {name: _minutes(as_of, moment) for name in names if (moment := newest.get(name)) is not None}
            found[row_no].update(ages)


def _minutes(later: datetime, earlier: datetime) -> int:
    return max((later - earlier) // MINUTE, 0)
