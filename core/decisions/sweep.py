"""Which leads the clock alone moves: a state that timed out, or an agreed time that passed and calls for a step."""

from datetime import datetime, timedelta

import polars as pl

from core.decisions.breaching import Agreements, due_steps
from core.decisions.states import Agreement
from core.policy.agreed import breach_plan
from core.policy.document import Document
from core.policy.timeouts import timeout_of

MINUTE = timedelta(minutes=1)
TIMED_OUT, BREACHED = "timed_out", "breached"


def moves_by_itself(document: Document) -> bool:
    """Whether time alone does anything to a lead of the policy."""
    states = document.lifecycle.states if document.lifecycle else {}
    return any(timeout_of(document, name) for name in states) or bool(document.sla and document.sla.on_breach)


def due(agreements: Agreements, standing: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """lead_id and why (`timed_out` or `breached`) of the leads to be decided again at the moment (naive UTC).

    standing: lead_id, state, state_since, agreed_pool, sla_min, agreed_since, breaches, is_touched. No step is carried
    out for a lead that was taken up, so a decision would change nothing.
    """
    document = agreements.document
    waiting = standing.filter(~pl.col("is_touched") & _may_be_breached(document, moment))
    late = [
        lead_id
        for lead_id, *agreed in waiting.select(
            "lead_id", "agreed_pool", "sla_min", "agreed_since", "breaches"
        ).iter_rows()
        if _is_breached(document, found := Agreement(*agreed), moment)
        and not agreements.is_taken_up(lead_id, found.since, moment)
    ]
    why = (
        pl.when(pl.col("lead_id").is_in(late))
        .then(pl.lit(BREACHED))
        .when(_timed_out(document, moment))
        .then(pl.lit(TIMED_OUT))
    )
    return standing.select("lead_id", why=why).drop_nulls("why")


def _timed_out(document: Document, moment: datetime) -> pl.Expr:
    states = document.lifecycle.states if document.lifecycle else {}
    limits = {name: found[0] for name in states if (found := timeout_of(document, name))}
    if not limits:
        return pl.lit(False)
    limit = pl.col("state").replace_strict(limits, default=None, return_dtype=pl.Int64)
    return (pl.col("state_since") + pl.duration(minutes=limit) <= moment).fill_null(False)


def _may_be_breached(document: Document, moment: datetime) -> pl.Expr:
    """Whether the next step's time passed by the wall's clock, which is never behind that of business hours."""
    steps = document.sla.on_breach if document.sla else ()
    if not steps:
        return pl.lit(False)
    factor = pl.col("breaches").replace_strict(
        {place: float(step.after) for place, step in enumerate(steps)}, default=None, return_dtype=pl.Float64
    )
    minutes = (factor * pl.col("sla_min")).floor().cast(pl.Int64)
    known = pl.col("agreed_pool").is_in(list(document.pools))
    return (known & (pl.col("agreed_since") + pl.duration(minutes=minutes) <= moment)).fill_null(False)


def _is_breached(document: Document, agreement: Agreement, moment: datetime) -> bool:
    plan = breach_plan(document, agreement.pool, agreement.sla_min)
    return due_steps(document, plan, agreement, moment) > agreement.breaches
