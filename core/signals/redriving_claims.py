"""Quarantined statements of identity taken again, now as the word of a person."""

import json
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from core.kernel.database import Database
from core.kernel.times import naive
from core.signals import store_identity, store_quarantine


def redrive_claims(db: Database, rows: pl.DataFrame, actor: str) -> int:
    """How many of the quarantined claims hold now; those are marked redriven, the others wait on."""
    with db.change("signals", "identity.redriven", actor) as change:
        said = _statements(rows["raw"].to_list(), naive(db.clock.now()))
        landed = store_identity.land(change, said, None, actor, "redriven from quarantine")
        passed = rows.filter(~pl.col("raw").is_in(landed.conflicts["raw"].implode()))["quarantine_id"].to_list()
        store_quarantine.mark(change, passed, store_quarantine.REDRIVEN)
        change.body.update({"claims": rows.height, "merged": landed.merged, "quarantined": rows.height - len(passed)})
        if not passed:
            change.abandon()
    return len(passed)


def _statements(raws: Sequence[str], now: datetime) -> pl.DataFrame:
    claims = [json.loads(raw) for raw in raws]
    rows = [(one["from_id"], one["into_id"], None, now, "person", None) for one in claims]
    return pl.DataFrame(rows, schema=store_identity.STATEMENTS, orient="row")
