"""Which leads the clock alone moves: a state that timed out, or an agreed time that passed and calls for a step."""

from datetime import datetime

import polars as pl

from core.decisions.breaching import Agreements, due_steps
from core.decisions.reviewing import Contests
from core.decisions.states import Agreement
from core.policy.agreed import breach_plan
from core.policy.document import Document
from core.policy.timeouts import timeout_of

TIMED_OUT, BREACHED, CONTESTED = "timed_out", "breached", "contested"


def moves_by_itself(document: Document) -> bool:
    """Whether a lead of the policy is ever to be decided again without an event."""
    states = document.lifecycle.states if document.lifecycle else {}
    reviewed = document.privacy is not None and document.privacy.human_review is not None
    timed = any(timeout_of(document, name) for name in states) or bool(document.sla and document.sla.on_breach)
    return timed or reviewed


def due(
    agreements: Agreements, standing: pl.DataFrame, moment: datetime, contests: Contests | None = None
) -> pl.DataFrame:
    """lead_id and why (`contested`, `breached` or `timed_out`) of the leads to be decided again (moment: naive UTC).

    standing: lead_id, moment, state, state_since, agreed_pool, sla_min, agreed_since, breaches, is_touched. No step is
    carried out for a lead that was taken up, so a decision would change nothing; time stands still for one that a
    person decides about.
    """
    held, asked = _contested(contests, standing, moment) if contests else ([], [])
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
        pl.when(pl.col("lead_id").is_in(asked))
        .then(pl.lit(CONTESTED))
        .when(pl.col("lead_id").is_in(late))
        .then(pl.lit(BREACHED))
        .when(_timed_out(document, moment) & ~pl.col("lead_id").is_in(held))
        .then(pl.lit(TIMED_OUT))
    )
    return standing.select("lead_id", why=why).drop_nulls("why")


def _contested(contests: Contests, standing: pl.DataFrame, moment: datetime) -> tuple[list[str], list[str]]:
    """The leads that a person decides about, and those of which a contest's beginning or end was not decided yet."""
    rows = standing.filter(pl.col("lead_id").is_in(list(contests.by_lead))).select("lead_id", "moment").rows()
    held = [lead_id for lead_id, _ in rows if contests.why(lead_id, moment)]
    return held, [lead_id for lead_id, stood in rows if contests.moved(lead_id, stood, moment)]


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
