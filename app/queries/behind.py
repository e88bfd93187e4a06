"""The rows behind a number: the events, or the attribute, that one feature of a decision reads."""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from app.queries import lead
from app.queries.access import rooms
from core.decisions.record import Record
from core.features.lineage import delivering, reads
from core.kernel.times import naive

SHOWN = frozenset({"type", "source", "occurred_at", "received_at"})
"""What the rows are chosen by; any other field that a feature reads may leave some of them out."""


@dataclass(frozen=True)
class Behind:
    """What stands behind a feature's value, in a sentence, and its rows, as of queries.lead: of events or profile."""

    words: str
    rows: pl.DataFrame


def behind(record: Record, name: str) -> Behind:
    """What the named feature of the decision read, as known when it was made; raises FeatureSetUnknown.

    Conditions on anything but an event's type and source are not applied, and the sentence says so.
    """
    feature = next(one for one in rooms().features.get(record.feature_set_hash).features if one.name == name)
    read, (moment, known_at) = reads(feature), lead.looked(record)
    if feature.attribute is not None:
        known = lead.profile(record.lead_id, moment, known_at)
        return Behind("What was known of the lead then.", known.filter(pl.col("name") == feature.attribute))
    known = lead.events(record.lead_id, moment, known_at)
    rows = delivering(read, known)
    if feature.window is not None and moment is not None:
        rows = rows.filter(pl.col("at") >= naive(moment) - timedelta(microseconds=feature.window))
    further = {*read.properties, *read.envelope} - SHOWN
    more = " Not all of them need count: it reads more than kind and source." if further else ""
    shared = " Events of the account's other leads count too, and are not listed." if feature.scope == "account" else ""
    count = f"{rows.height:,} event{'' if rows.height == 1 else 's'}"
    newest = f" among its newest {known.height:,}" if known.height == lead.MOST_EVENTS else ""
    return Behind(f"{count} of the lead that it reads{newest}, as known then.{more}{shared}", rows)
