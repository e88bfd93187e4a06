"""A policy over a whole population in the store: one statement, followed and cancelled like any heavy read."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from core.kernel.database import Database, Watch
from core.policy import sql
from core.policy.document import Policy
from core.simulation.one_step import OUTPUTS, Lead, decided

KINDS = {"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "BOOLEAN": pl.Boolean, "VARCHAR": pl.String}
LARGEST = 2**62
REASON = pl.List(pl.Struct({"rule": pl.String, "reason": pl.String}))


def decided_in_store(db: Database, policy: Policy, leads: Sequence[Lead], watch: Watch) -> pl.DataFrame:
    """What `one_step.decided` gives, by the policy's SQL; raises Cancelled.

    A lead with a value that has no place in its field's column (a word where a number belongs) breaks the contract;
    such leads are few and go through the evaluator, which says the same of every lead.
    """
    columns = sql.column_types(policy)
    plain = [place for place, (_, given) in enumerate(leads) if _has_a_place(columns, given)]
    odd = [leads[place] for place in sorted(set(range(len(leads))) - set(plain))]
    if not plain:
        return decided(policy, odd)
    rows = [leads[place] for place in plain]
    frame = pl.DataFrame(
        [pl.Series("lead_id", [lead_id for lead_id, _ in rows], dtype=pl.String)]
        + [pl.Series(name, _values(kind, name, rows), dtype=KINDS[kind]) for name, kind in columns.items()]
    )
    with db.scratch(watch) as cursor:
        cursor.load("asked_leads", frame)
        found = cursor.read(sql.render(policy, "asked_leads", ["lead_id"]))
    rules = pl.col("reasons").str.json_decode(REASON).list.eval(pl.element().struct.field("rule"))
    kinds = {name: pl.Int64 if name in ("sla_min", "priority") else pl.String for name in OUTPUTS}
    told = found.select("lead_id", *(pl.col(name).cast(kind) for name, kind in kinds.items()), rules.alias("rules"))
    return pl.concat([told, decided(policy, odd)]).sort("lead_id")


def _values(kind: str, name: str, rows: Sequence[Lead]) -> list[Any]:
    values = [given.get(name) for _, given in rows]
    return [None if value is None else int(value) for value in values] if kind == "BIGINT" else values


def _has_a_place(columns: Mapping[str, str], given: Mapping[str, Any]) -> bool:
    return all(given.get(name) is None or _fits(kind, given[name]) for name, kind in columns.items())


def _fits(kind: str, value: object) -> bool:
    if kind in ("BOOLEAN", "VARCHAR"):
        return isinstance(value, bool if kind == "BOOLEAN" else str)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return abs(value) < LARGEST and (kind == "DOUBLE" or float(value).is_integer())
