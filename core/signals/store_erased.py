"""Who was erased stays so: what is told of a person up to the erasure is not taken in again, what comes later is."""

import json
import re
from collections.abc import Container
from datetime import datetime

import polars as pl

from core.kernel.database import Change
from core.signals.event_rows import PERSONAL
from core.signals.raw import REJECTS, ROW

ERASED = "erased_subject"
DETAIL = "the person was erased on {}; only what is dated after that is taken in"
BESIDES = "the person was erased on {}; of what is refused besides (`{}`) nothing is kept"
NAMES = (re.compile(r'"((?:[^"\\]|\\.)*)"'), re.compile(r'[^\s,;|"{}\[\]:]+'))
"""What may be an id in a text that nobody could read: what stands in quotes, and what stands between marks."""
WHO = "SELECT lead_id, max(erased_at) AS erased_at FROM erased_ids GROUP BY lead_id"
OLD = {"row_no": pl.Int64, "lead_id": pl.String, "erased_at": pl.Datetime("us")}
NOT_STORED = """
SELECT row_no, o.lead_id, o.erased_at, i.event_id FROM erased_rows o JOIN incoming i USING (row_no)
WHERE row_no NOT IN (SELECT row_no FROM verdicts WHERE same) ORDER BY row_no
"""


def told_before(change: Change, rows: pl.DataFrame, moment: pl.Expr) -> pl.DataFrame:
    """row_no, lead_id, erased_at of the rows of erased leads whose `moment` is not after the erasure, or not known.

    Of events with their event_id.
    """
    who = change.read(WHO)
    if who.is_empty():
        return pl.DataFrame(schema=OLD)
    ids = [name for name in ("event_id",) if name in rows.columns]
    named = rows.select(pl.col(ROW).cast(pl.Int64).alias("row_no"), "lead_id", *ids, moment.alias("told_at"))
    found = named.join(who, on="lead_id", how="inner", maintain_order="left")
    return found.filter((pl.col("told_at") > pl.col("erased_at")).not_().fill_null(True)).select(*OLD, *ids)


def without_personal(rows: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """The event rows; those that are `old` have lost their personal properties, which nothing seals again."""
    names = [name for name in rows.columns if name.startswith(PERSONAL)]
    if old.is_empty() or not names:
        return rows
    is_old = pl.col(ROW).is_in(old["row_no"].implode())
    return rows.with_columns(pl.when(~is_old).then(pl.col(name)).alias(name) for name in names)


def refuse_events(change: Change, old: pl.DataFrame) -> pl.DataFrame:
    """Take the old rows that the log does not hold out of `incoming`; they as rejects, without what they said."""
    if old.is_empty():
        return pl.DataFrame(schema=REJECTS)
    change.load("erased_rows", old)
    refused = change.read(NOT_STORED)
    change.load("erased_rows", refused)
    for table in ("incoming", "verdicts"):
        change.execute(f"DELETE FROM {table} WHERE row_no IN (SELECT row_no FROM erased_rows)")
    return as_rejects(refused)


def unsaid(rejects: pl.DataFrame, old: pl.DataFrame) -> pl.DataFrame:
    """The rejects; those of old rows are refused as such whatever else is wrong with them, without what they said."""
    if old.is_empty():
        return rejects
    found = old.join(rejects, on="row_no", how="semi")
    return pl.concat([rejects.join(found, on="row_no", how="anti", maintain_order="left"), as_rejects(found)])


def erased_at(change: Change) -> dict[str, datetime]:
    """When the ids of erased persons were erased last."""
    return dict(change.read(WHO).iter_rows())


def named(who: Container[str], lead_id: str | None, raw: str) -> str | None:
    """The erased id that a refused record is about: its lead's, else of nobody known the first that its text names."""
    if lead_id is not None:
        return lead_id if lead_id in who else None
    return next((one for pattern in NAMES for one in pattern.findall(raw) if one in who), None)


def besides(code: str, at: datetime) -> str:
    """Why a record that is refused with this code is not kept: it is of a person who was erased."""
    return BESIDES.format(f"{at:%Y-%m-%d}", code)


def unkept(change: Change, rejects: pl.DataFrame) -> pl.DataFrame:
    """The records that the gate refused; nothing dates those of erased persons, so that only the ids are kept."""
    who = {} if rejects.is_empty() else erased_at(change)
    if not who:
        return rejects
    subjects = [named(who, lead, raw or "") for lead, raw in rejects.select("lead_id", "raw").iter_rows()]
    told = [
        row if subject is None else (row[0], ERASED, besides(row[1], who[subject]), subject, ids_alone(subject))
        for row, subject in zip(rejects.select(list(REJECTS)).iter_rows(), subjects, strict=True)
    ]
    return pl.DataFrame(told, schema=REJECTS, orient="row")


def ids_alone(lead_id: str) -> str:
    """What is kept of a refused record of an erased person where nothing else of it is known."""
    return json.dumps({"lead_id": lead_id}, ensure_ascii=False)


def as_rejects(old: pl.DataFrame) -> pl.DataFrame:
    """The old rows as rejects; of what they said the lead's and the event's id are kept."""
    names = [name for name in ("lead_id", "event_id") if name in old.columns]
    raw = [json.dumps(row, ensure_ascii=False) for row in old.select(names).iter_rows(named=True)]
    detail = [DETAIL.format(f"{at:%Y-%m-%d}") for at in old["erased_at"]]
    found = old.select("row_no", code=pl.lit(ERASED), detail=pl.Series(detail, dtype=pl.String), lead_id="lead_id")
    return found.with_columns(raw=pl.Series(raw, dtype=pl.String))
