"""Builds a feature set for a spine: every value as known at its row's time."""

from dataclasses import dataclass

import polars as pl

from core.features.compiler import Keeping, compile
from core.features.compiler.identities import held
from core.features.document import FeatureSet
from core.features.spine import LEAD_NO, spine_rows
from core.features.statistics import Statistics, measured
from core.kernel.database import Cursor, Database, Watch

BATCH_ROWS = 500_000
_ROWS_SQL = f"""CREATE OR REPLACE TEMP TABLE spine_rows AS
SELECT s.row_no, coalesce(i.into_no, {{lead_no}}) AS lead_no, epoch_us(s.as_of) AS a, epoch_us(s.known_at) AS known
FROM spine_in s{{leads}}
LEFT JOIN lead_merges i ON i.from_no = {{lead_no}} AND {held("i", "epoch_us(s.known_at)")}"""
_FIND_LEADS = _ROWS_SQL.format(lead_no="l.lead_no", leads=" LEFT JOIN leads l USING (lead_id)")
_KNOW_LEADS = _ROWS_SQL.format(lead_no=f's."{LEAD_NO}"', leads="")


@dataclass(frozen=True)
class BuildReport:
    """What a build did; `events_scanned` is the length of the log that it read."""

    set_hash: str
    rows: int
    features: int
    seconds: float
    events_scanned: int


def resolve(db: Database, feature_set: FeatureSet) -> FeatureSet:
    """The set with the value type of every attribute, first and last stated as the store has it now.

    What a model is trained on must be resolved: its columns then keep their types. Raises AttributeUnknown and
    AttributePersonal.
    """
    with db.scratch() as cursor:
        return measured(cursor, feature_set)[0]


def build(db: Database, feature_set: FeatureSet, spine: pl.DataFrame, watch: Watch | None = None) -> pl.DataFrame:
    """The spine's rows in its order and its columns, then one column a feature.

    `spine` has lead_id, as_of and perhaps known_at (default as_of), UTC. A null as_of means undated: no event, and each
    attribute as learnt until known_at; a null known_at then means before anything was learnt later, and a spine without
    known_at knows all. An unknown lead has the values of an empty set. Raises SpineInvalid, AttributeUnknown and
    AttributePersonal. A watch is told how far the statement is and can stop it, which raises Cancelled.
    """
    return build_with_report(db, feature_set, spine, watch)[0]


def build_with_report(
    db: Database, feature_set: FeatureSet, spine: pl.DataFrame, watch: Watch | None = None
) -> tuple[pl.DataFrame, BuildReport]:
    """The same frame as `build` with an account of the work."""
    began = db.clock.now()
    rows = spine_rows(feature_set, spine)
    with db.scratch(watch) as cursor:
        values, statistics = values_on(cursor, feature_set, rows)
    frame = spine.hstack(values)
    seconds = (db.clock.now() - began).total_seconds()
    report = BuildReport(feature_set.behaviour_hash, len(frame), len(feature_set), seconds, statistics.events)
    return frame, report


def values_on(cursor: Cursor, feature_set: FeatureSet, rows: pl.DataFrame) -> tuple[pl.DataFrame, Statistics]:
    """One column a feature for the spine rows, from the log as the cursor sees it, its temporary tables first."""
    cursor.execute("BEGIN TRANSACTION")
    typed, statistics = measured(cursor, feature_set)
    values = valued(cursor, typed, statistics, rows)
    cursor.execute("COMMIT")
    return values, statistics


def valued(
    cursor: Cursor, typed: FeatureSet, statistics: Statistics, rows: pl.DataFrame, keeping: Keeping | None = None
) -> pl.DataFrame:
    """The features of a resolved set, one column each, for rows as `spine_rows` gives them, in their order.

    Rows that come with LEAD_NO spare the search for their leads. With `keeping` the parts come after the features.
    """
    statement = compile(typed, statistics, rows.height, keeping)
    parts = [_batch(cursor, statement, part) for part in rows.iter_slices(BATCH_ROWS)] or [
        _batch(cursor, statement, rows)
    ]
    return pl.concat(parts).drop("row_no")


def _batch(cursor: Cursor, statement: str, rows: pl.DataFrame) -> pl.DataFrame:
    cursor.load("spine_in", rows)
    cursor.execute(_KNOW_LEADS if LEAD_NO in rows.columns else _FIND_LEADS)
    cursor.keep("built_rows", statement)
    return cursor.read("FROM built_rows")
