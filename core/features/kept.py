"""Builds that are kept, so that the next one builds only what has changed.

A row is (lead, as_of, known_at). A kept row still holds unless, since the revision of the kept build, an event came to
its lead that the row may see (it happened before as_of, within the features' reach, and was received by known_at), or
the lead has changed otherwise: by a correction, a merge, a separation, an attribute or a membership; for features of
the account, unless one came to any lead of its accounts. Other changes are found by a mark, a sum of hashes of what a
lead has, and count whenever they were; so do new events of any time once leads are merged. Beside its values a row has
the parts that they are made of (`compiler.parts`): where no more than new events came to it, these are added, and the
old ones are not read. Another as_of is another row: windows that expire and ages that grow need no rule of their own,
as such a row is built anew.
"""

import hashlib
import io
from dataclasses import dataclass, replace

import polars as pl

from core.features import store_changed, store_kept
from core.features.compiler import PLACE, Keeping, have_parts, parts_of, words_of
from core.features.document import FeatureSet
from core.features.engine import valued
from core.features.errors import FeatureSetUnknown
from core.features.spine import LEAD_NO, spine_rows
from core.features.statistics import Statistics, measured
from core.features.store_kept import Built, Kept
from core.kernel.database import Cursor, Database, Watch
from core.kernel.errors import PlanOutdated


@dataclass(frozen=True)
class KeptReport:
    """What a kept build did: rows asked for, rows built whole, rows of which only the account's features were built.

    `changed_leads` counts leads with new rows in the store; 0 where all was built.
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
    built: Built
    marks: pl.DataFrame
    changed: int = 0


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
    whole, partly = work.built.whole.height, work.built.partly.height
    report = KeptReport(set_hash, rows.height, whole, partly, work.changed, 0.0, work.head.revision)
    if before is None or before.revision != work.head.revision or whole or partly:
        _write(db, before, work, report, actor)
    return replace(report, seconds=(db.clock.now() - began).total_seconds())


def _work(cursor: Cursor, feature_set: FeatureSet, before: Kept | None, wanted: pl.DataFrame) -> _Work:
    typed, statistics = measured(cursor, feature_set)
    keeping = _keeping(typed, statistics)
    parts = parts_of(typed, statistics, keeping.scopes)
    columns, words = store_kept.types_of(typed) | parts, words_of(typed.features, statistics)
    head = store_kept.now(cursor, feature_set.behaviour_hash, columns, words, before, _fingerprint(wanted))
    marked = store_changed.marked(cursor, typed)
    if before is None or not store_kept.is_grown(cursor, before, head):
        rows = pl.concat([wanted, *([store_kept.keys(cursor, before.table)] if before else [])])
        whole = _values(cursor, typed, statistics, store_kept.numbered(cursor, rows.unique()), keeping)
        return _Work(head, True, Built(whole, whole.clear()), store_changed.all_marks(cursor, marked))
    changed = store_changed.find(cursor, feature_set.behaviour_hash, before, marked)
    unkept = None if before.asked == head.asked else store_kept.numbered(cursor, wanted)
    todo = store_changed.todo(cursor, typed, before.table, changed, unkept)
    later = replace(keeping, since=before.last_event, earlier=before.table)
    built = _built(cursor, typed, statistics, todo, keeping, later)
    marks = store_changed.changed_marks(cursor)
    return _Work(head, False, built, marks, store_changed.changed_leads(cursor))


def _keeping(typed: FeatureSet, statistics: Statistics) -> Keeping:
    """The scopes whose parts are kept: that of the lead, those of its account, or both."""
    groups = [features for features in store_changed.split(typed) if have_parts(features, statistics)]
    return Keeping(frozenset(feature.scope for features in groups for feature in features if feature.aggregate))


def _fingerprint(rows: pl.DataFrame) -> str:
    """A hash that two spines share only if they have the same rows."""
    written = io.BytesIO()
    rows.write_ipc(written)
    return hashlib.sha256(written.getbuffer()).hexdigest()


def _built(
    cursor: Cursor, typed: FeatureSet, statistics: Statistics, todo: pl.DataFrame, keeping: Keeping, later: Keeping
) -> Built:
    """All of a row where `own`, else the account's features; of all events where `anew`, else of later ones."""
    mine, shared = (replace(typed, features=part) for part in store_changed.split(typed))
    anew, grown = todo.filter("anew"), todo.filter(~pl.col("anew"))
    whole = _values(cursor, typed, statistics, anew.filter("own"), keeping)
    partly = _values(cursor, shared, statistics, anew.filter(~pl.col("own")), keeping)
    account = _values(cursor, shared, statistics, grown, later)
    own = _values(cursor, mine, statistics, grown.filter("own"), later)
    both = own.hstack(account.filter(grown["own"]).drop(*store_kept.KEYS, LEAD_NO))
    return Built(
        pl.concat([whole, both], how="diagonal"), pl.concat([partly, account.filter(~grown["own"])], how="diagonal")
    )


def _values(
    cursor: Cursor, typed: FeatureSet, statistics: Statistics, rows: pl.DataFrame, keeping: Keeping
) -> pl.DataFrame:
    """KEYS and LEAD_NO of the rows, then their values and parts."""
    known = rows.select(*store_kept.KEYS, LEAD_NO)
    if rows.is_empty() or not typed.features:
        return known
    spine = spine_rows(typed, known).with_columns(known[LEAD_NO])
    if keeping.earlier:
        spine = spine.with_columns(rows["place"].alias(PLACE))
    return known.hstack(valued(cursor, typed, statistics, spine, keeping))


def _write(db: Database, before: Kept | None, work: _Work, report: KeptReport, actor: str) -> None:
    with db.change("features", "features.built", actor) as change:
        if store_kept.kept(change, report.set_hash) != before:
            raise PlanOutdated(["features"])
        store_kept.write(change, report.set_hash, work.head, work.built, work.marks, anew=work.anew)
        store_kept.note(change, report.set_hash, work.head, db.clock.now(), actor)
        change.body.update(set_hash=report.set_hash, version=work.head.version, revision=report.revision)
        change.body.update(built=report.built, partly=report.partly)
