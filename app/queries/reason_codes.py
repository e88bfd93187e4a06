"""Why each of many leads has its score and its outcome, a row a reason, for other systems."""

import json
from collections.abc import Iterator

import polars as pl

from app.queries import lead, leads, versions
from app.queries.access import database
from app.queries.leads import Filter
from core.decisions.store_board import DecisionBoard
from core.governance.permissions import Permission, Role, allowed

MOST, CHUNK = 5, 20_000
KINDS = {
    "lead_id": pl.String, "decision_id": pl.String, "score": pl.Float64, "kind": pl.String, "rank": pl.Int64,
    "code": pl.String, "reason": pl.String, "value": pl.String, "points": pl.Float64,
}  # fmt: skip


def rows(chosen: Filter, seen_by: Role) -> pl.DataFrame:
    """Of each lead that passes the filter the five largest features for and against it, and the rules that spoke.

    lead_id, decision_id, score, kind (for, against or rule), rank, code (feature or rule), reason (its name, or the
    guard's reason code), value and points (probability; null for a rule). Ids that are addresses are masked; the role
    is given, since a download runs outside the session.
    """
    found = leads.matching(chosen, seen_by)
    shown = "lead_id" if allowed(seen_by, Permission.REVEAL) else "ref"
    parts = [_of(part, shown) for part in found.iter_slices(CHUNK)]
    return pl.concat(parts) if parts else pl.DataFrame(schema=KINDS)


def _of(part: pl.DataFrame, shown: str) -> pl.DataFrame:
    told = DecisionBoard(database()).reasons(part["decision_id"].to_list())
    columns = (pl.col(shown).alias("shown"), "decision_id", "score", "reasons", "feature_set_hash")
    joined = part.select(*columns).join(told, on="decision_id", how="left", maintain_order="left")
    return pl.DataFrame([one for row in joined.iter_rows(named=True) for one in _rows(row)], KINDS, orient="row")


def _rows(row: dict) -> Iterator[tuple]:
    head = (row["shown"], row["decision_id"], row["score"])
    labels, values = versions.labels(row["feature_set_hash"]), dict(json.loads(row["features"] or "[]"))
    points = sorted(json.loads(row["points"] or "[]"), key=lambda pair: -abs(pair[1]))
    for kind, sign in (("for", 1), ("against", -1)):
        told = [pair for pair in points if sign * pair[1] >= leads.CHIP_LEAST / 10][:MOST]
        for rank, (name, part) in enumerate(told, 1):
            yield (*head, kind, rank, name, labels.get(name, name), lead.shown(values.get(name)), part)
    for rank, (rule, code) in enumerate(lead.fired(row["reasons"]), 1):
        yield (*head, "rule", rank, rule, code, None, None)
