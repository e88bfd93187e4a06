"""Which leads the clock alone moves: a state that timed out, or an agreed time that passed and calls for a step."""

import json
from datetime import datetime

import polars as pl

from core.decisions.breaching import Agreements, due_steps
from core.decisions.reviewing import Contests, told
from core.decisions.states import Agreement
from core.policy.agreed import breach_plan
from core.policy.document import Document
from core.policy.timeouts import timeout_of

TIMED_OUT, BREACHED = "timed_out", "breached"


def moves_by_itself(document: Document) -> bool:
    """Whether a lead of the policy is ever to be decided again without an event."""
    states = document.lifecycle.states if document.lifecycle else {}
    return any(timeout_of(document, name) for name in states) or bool(document.sla and document.sla.on_breach)


def due(
    agreements: Agreements, standing: pl.DataFrame, moment: datetime, contests: Contests | None = None
) -> pl.DataFrame:
    """lead_id and why (`breached` or `timed_out`) of the leads to be decided again (moment: naive UTC).

    standing: lead_id, moment, state, state_since, agreed_pool, sla_min, agreed_since, breaches, is_touched. No step is
    carried out for a lead that was taken up, so a decision would change nothing; time stands still for one that a
    person decides about.
    """
    held = [one for one in contests.by_lead if contests.why(one, moment)] if contests else []
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
        .when(_timed_out(document, moment) & ~pl.col("lead_id").is_in(held))
        .then(pl.lit(TIMED_OUT))
    )
    return standing.select("lead_id", why=why).drop_nulls("why")


def untold(contests: Contests, newest: pl.DataFrame, moment: datetime) -> list[str]:
    """The leads whose newest decision does not say what their contests say at the moment (naive UTC).

    newest: lead_id, moment and reasons (JSON) of it, null where there is none. It says otherwise, or was made before a
    contest began or ended.
    """
    return [
        lead_id
        for lead_id, stood, reasons in newest.select("lead_id", "moment", "reasons").iter_rows()
        if contests.why(lead_id, moment) != told(json.loads(reasons or "[]"))
        or (stood is not None and contests.moved(lead_id, stood, moment))
    ]


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
