"""What a rollout's guards count in the decisions of a step, arm by arm; each metric is a share of leads.

Besides the named ones a guard may count an event: `EVENT_rate_Nd` is the share of leads with an event of that type
within N days of their decision, of those whose N days are over; `EVENT_rate` of all leads, until now.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from core.decisions.breaching import Work, elapsed_minutes
from core.decisions.store_units import ACCOUNT
from core.governance.judging import LATENCY, Counted, slower_than
from core.governance.sequential import Arm, Pair
from core.policy.document import Document

RATES = {
    "eligibility_rate": pl.col("disposition") == "PERMIT",
    "hold_rate": pl.col("disposition") == "HOLD",
    "deny_rate": pl.col("disposition") == "DENY",
    "decision_error_rate": pl.col("has_error"),
    "unassigned_rate": pl.col("is_unassigned"),
    "win_rate": pl.col("is_won"),
}
BREACHES = "sla_breach_rate"
OBSERVED = (*RATES, LATENCY, BREACHES)
"""The guard metrics that leadbench can count whatever events it knows."""
EVENT = re.compile(r"([a-z][a-z0-9_]*)_rate(?:_([1-9][0-9]{0,2})d)?")
Touched = Sequence[tuple[datetime | None, datetime | None]]
Sides = Mapping[bool, pl.DataFrame]
"""The first decision of each lead in the step: by the version before (False) and by the candidate (True)."""


@dataclass(frozen=True)
class EventMetric:
    """A share of leads with an event of the type after their decision; within the days, where they are given."""

    type: str
    days: int | None

    @property
    def window(self) -> timedelta | None:
        """The days as a span."""
        return None if self.days is None else timedelta(days=self.days)


def event_of(metric: str) -> EventMetric | None:
    """The event that a guard's metric counts; None for the metrics that leadbench counts by itself, and other names."""
    found = None if metric in OBSERVED else EVENT.fullmatch(metric)
    return EventMetric(found[1], int(found[2]) if found[2] else None) if found else None


def counting(metric: str) -> str:
    """How a guard's metric is counted, for a reader of its plan."""
    event = event_of(metric)
    return "counted" if metric in OBSERVED else f"counted by events `{event.type}`" if event else "not counted"


def follows_deeds(metric: str) -> bool:
    """Whether it shows only what people did after a decision: of a shadow, by which nobody works, it says nothing."""
    return metric in (BREACHES, "win_rate") or event_of(metric) is not None


def counted_in(metric: str, max_abs: float | None, sides: Sides, *, paired: bool = False) -> Counted | None:
    """A metric's leads and hits in both arms; None for one that nobody counts here.

    A time is counted as the share slower than the version before allows. Paired: the leads that both arms decided, and
    account by account how they differ.
    """
    held = RATES.get(metric)
    if metric == LATENCY:
        before = sides[False]["ms"].to_list()
        held = pl.col("ms") > slower_than(before, float(max_abs or 0)) if before else pl.lit(False)
    return None if held is None else counted_by(held, sides, paired=paired)


def counted_by(held: pl.Expr, sides: Sides, *, paired: bool = False) -> Counted:
    """Leads for which the expression holds (missing: it does not), in both arms."""
    told = [sides[side].select("lead_id", ACCOUNT, hit=held.fill_null(False)) for side in (False, True)]
    if not paired:
        return Counted(_arm(told[0]), _arm(told[1]))
    both = told[0].join(told[1].select("lead_id", then="hit"), on="lead_id")
    sums = both.group_by(ACCOUNT).agg(pl.len().alias("leads"), pl.col("hit", "then").sum(),
                                      moved=(pl.col("hit") != pl.col("then")).sum()).sort(ACCOUNT)  # fmt: skip
    sizes, before, after, moved = (sums[name].to_numpy() for name in ("leads", "hit", "then", "moved"))
    return Counted(Arm.of(sizes, before), Arm.of(sizes, after), Pair.of(sizes, before, after, moved))


def _arm(told: pl.DataFrame) -> Arm:
    """A metric in one arm, account by account in their order, so that the sums are the same at every look."""
    by_account = told.group_by(ACCOUNT).agg(pl.len().alias("leads"), pl.col("hit").sum()).sort(ACCOUNT)
    return Arm.of(by_account["leads"].to_numpy(), by_account["hit"].to_numpy())


def breaches_in(sides: Sides, documents: Mapping[bool, Document], work: Work, now: datetime) -> Counted:
    """Leads that nobody took up in the agreed time by its clock, of those whose time is over now (naive UTC).

    Leads with whom a time was agreed before the step count for neither version: one that routes them elsewhere would
    begin it anew, of leads that nobody wanted, and the other would not.
    """
    told = {side: _with_breaches(frame, documents[side], work, now) for side, frame in sides.items()}
    return counted_by(pl.col("is_late"), told)


def _with_breaches(frame: pl.DataFrame, document: Document, work: Work, now: datetime) -> pl.DataFrame:
    """The leads whose agreed time is over, with `is_late`."""
    is_begun = pl.col("sla_min").is_not_null() & (pl.col("agreed_since") == pl.col("moment"))
    begun = frame.filter(is_begun & ~pl.col("was_agreed"))
    rows = begun.select("lead_id", "agreed_pool", "agreed_since", "sla_min").iter_rows()
    late = [_is_late(document, work.get(lead_id, ()), pool, since, most, now) for lead_id, pool, since, most in rows]
    return begun.with_columns(pl.Series("is_late", late, dtype=pl.Boolean)).drop_nulls("is_late")


def _is_late(document: Document, work: Touched, pool: str, since: datetime, sla_min: int, now: datetime) -> bool | None:
    """Whether a lead with this work was taken up too late or not at all; None where its time is not over."""
    if elapsed_minutes(document, pool, since, now, sla_min) < sla_min:
        return None
    begun = [at for at, _ in work if at is None or at >= since]
    return not any(at is None or elapsed_minutes(document, pool, since, at, sla_min) < sla_min for at in begun)


def events_in(sides: Sides, metric: EventMetric, events: pl.DataFrame | None, now: datetime) -> Counted | None:
    """Leads with one of the events (lead_id, at) after their decision; None where no such event is known at all."""
    if events is None:
        return None
    return counted_by(pl.col("came"), {side: _with_events(one, metric, events, now) for side, one in sides.items()})


def _with_events(frame: pl.DataFrame, metric: EventMetric, events: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The leads whose window is over, with `came`."""
    window = metric.window
    ripe = frame if window is None else frame.filter(pl.col("moment") + window <= now)
    later = ripe.select("lead_id", "moment").join(events, on="lead_id").filter(pl.col("at") > pl.col("moment"))
    within = later if window is None else later.filter(pl.col("at") <= pl.col("moment") + window)
    return ripe.with_columns(pl.col("lead_id").is_in(within["lead_id"].unique().to_list()).alias("came"))
