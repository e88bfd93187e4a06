"""Builds that are kept, so that the next one builds only what has changed.

A row is (lead, as_of, known_at). A kept row still holds unless its lead has changed: unless an event, a correction, a
merge, a separation, an attribute or a membership has come to the lead, or to one that it ever was one with, since the
revision of the kept build; for features of the account, to any lead of its accounts. Changed leads are found by a mark,
a sum of hashes of all that a lead has, not by looking at times: a late event changes its lead like any other. Another
as_of is another row: windows that expire and ages that grow need no rule of their own, as such a row is built anew.
"""

from dataclasses import dataclass, replace

import polars as pl

from core.features import store_kept
from core.features.document import FeatureSet
from core.features.engine import valued
from core.features.errors import FeatureSetUnknown
from core.features.spine import spine_rows
from core.features.statistics import Statistics, measure, resolved
from core.features.store_kept import Kept
from core.kernel.database import Cursor, Database, Watch
from core.kernel.errors import PlanOutdated


@dataclass(frozen=True)
class KeptReport:
    """What a kept build did: rows asked for, rows built whole, rows of which only the account's features were built.

    `changed_leads` counts leads with new rows in the store; 0 where nothing was kept.
    """

    set_hash: str
    rows: int
    built: int
    partly: int
    changed_leads: int
    seconds: float
    revision: str


@dataclass(frozen=True)
class _Work:
    """What one look at the store found and built, to be written in one transaction."""

    head: Kept
    anew: bool
    built: pl.DataFrame
    partly: int
    marks: pl.DataFrame


def build_kept(
    db: Database, feature_set: FeatureSet, spine: pl.DataFrame, actor: str, watch: Watch | None = None
) -> tuple[pl.DataFrame, KeptReport]:
    """The frame that `engine.build` gives, of which only what has changed is built, as `renew` says."""
    report = renew(db, feature_set, spine, actor, watch)
    return kept_values(db, feature_set, spine), report


def kept_values(db: Database, feature_set: FeatureSet, spine: pl.DataFrame) -> pl.DataFrame:
    """The kept values at rows that are kept: the spine's rows and columns, then one column a feature."""
    with db.scratch() as cursor:
        kept = store_kept.kept(cursor, feature_set.behaviour_hash)
        if kept is None:
            raise FeatureSetUnknown(feature_set.behaviour_hash)
        rows = spine_rows(feature_set, spine)
        return spine.hstack(store_kept.values_at(cursor, kept.table, rows, list(feature_set.feature_names)))


def renew(
    db: Database, feature_set: FeatureSet, spine: pl.DataFrame, actor: str, watch: Watch | None = None
) -> KeptReport:
    """Bring the kept rows of the set up to date, those of the spine among them, building only what has changed.

    Writes `features.built`, unless nothing has changed. Raises what a build raises, and PlanOutdated where another
    build of the set ended meanwhile.
    """
    began = db.clock.now()
    rows = spine_rows(feature_set, spine)
    set_hash = feature_set.behaviour_hash
    with db.scratch(watch) as cursor:
        cursor.execute("BEGIN TRANSACTION")
        before = store_kept.kept(cursor, set_hash)
        work = _work(cursor, feature_set, before, rows.select(store_kept.KEYS))
        cursor.execute("ROLLBACK")
    report = KeptReport(set_hash, rows.height, work.built.height - work.partly, work.partly, work.marks.height,
                        (db.clock.now() - began).total_seconds(), work.head.revision)  # fmt: skip
    if before is None or before.revision != work.head.revision or work.built.height:
        _write(db, before, work, report, actor)
    return replace(report, seconds=(db.clock.now() - began).total_seconds())


def _work(cursor: Cursor, feature_set: FeatureSet, before: Kept | None, wanted: pl.DataFrame) -> _Work:
    typed = resolved(cursor, feature_set)
    statistics, head = measure(cursor, typed), store_kept.now(cursor, feature_set, typed, before)
    store_kept.mark(cursor, typed)
    if before is None or before.columns != head.columns or not store_kept.is_grown(cursor, before):
        rows = [wanted, *([store_kept.keys(cursor, before.table)] if before else [])]
        built = _values(cursor, typed, statistics, pl.concat(rows).unique(maintain_order=True))
        return _Work(head, True, built, 0, store_kept.all_marks(cursor))
    shared = store_kept.by_account(typed)
    todo = store_kept.todo(cursor, feature_set.behaviour_hash, before, wanted, accounts=shared)
    marks = store_kept.changed_marks(cursor)
    if todo.is_empty():
        return _Work(head, False, todo.drop("own"), 0, marks)
    parts, partly = [], todo.filter(~pl.col("own")).drop("own")
    if todo.height > partly.height:
        parts.append(_values(cursor, typed, statistics, todo.filter("own").drop("own")))
    if partly.height:
        parts.append(_partly(cursor, typed, statistics, head.table, partly))
    return _Work(head, False, pl.concat(parts), partly.height, marks)


def _values(cursor: Cursor, typed: FeatureSet, statistics: Statistics, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.hstack(valued(cursor, typed, statistics, spine_rows(typed, rows)))


def _partly(cursor: Cursor, typed: FeatureSet, statistics: Statistics, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of which the features of the account are built, and the others taken as they are kept."""
    shared = [feature for feature in typed.features if feature.aggregate and feature.scope != "lead"]
    own = [feature.name for feature in typed.features if feature not in shared]
    built = _values(cursor, replace(typed, features=tuple(shared)), statistics, rows)
    if own:
        built = built.hstack(store_kept.values_at(cursor, table, rows, own))
    return built.select(*store_kept.KEYS, *typed.feature_names)


def _write(db: Database, before: Kept | None, work: _Work, report: KeptReport, actor: str) -> None:
    with db.change("features", "features.built", actor) as change:
        if store_kept.kept(change, report.set_hash) != before:
            raise PlanOutdated(["features"])
        store_kept.write(change, report.set_hash, work.head, work.built, work.marks, anew=work.anew)
        store_kept.note(change, report.set_hash, work.head, db.clock.now(), actor)
        change.body.update(set_hash=report.set_hash, version=work.head.version, revision=report.revision)
        change.body.update(built=report.built, partly=report.partly)
