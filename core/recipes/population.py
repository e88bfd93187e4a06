"""Who is in the store, what became of them, and until when that is known."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import polars as pl

from core.signals.service import Signals

WORK = {"lead_id": pl.String, "worked": pl.Boolean, "worked_at": pl.Datetime("us")}


@dataclass(frozen=True)
class Population:
    """leads: lead_id, created_at, created_order; outcomes: lead_id, outcome, at, received_at; times naive UTC.

    work: lead_id, worked, worked_at of the leads of which it is said.
    """

    leads: pl.DataFrame = field(repr=False)
    outcomes: pl.DataFrame = field(repr=False)
    observed_until: datetime | None
    work: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=WORK), repr=False)

    @classmethod
    def of(cls, signals: Signals) -> "Population":
        """The population of a store."""
        leads, outcomes = signals.lead_frame(), signals.outcome_frame()
        known = [signals.last_event_at(), _latest(leads, "created_at"), _latest(outcomes, "at")]
        end = max((moment for moment in known if moment is not None), default=None)
        return cls(leads, outcomes, end, signals.work_frame())

    @property
    def dated(self) -> bool:
        """Whether any lead has a time of creation."""
        return self.leads["created_at"].drop_nulls().len() > 0

    @property
    def ordered(self) -> bool:
        """Whether the order of rows was declared to be time."""
        return self.leads["created_order"].drop_nulls().len() > 0

    @property
    def unworked(self) -> list[str]:
        """The leads that are known not to have been worked."""
        return self.work.filter(~pl.col("worked"))["lead_id"].to_list()

    @cached_property
    def counts(self) -> dict[str, int]:
        """Leads by outcome, and `open` for those without one."""
        decided = dict(self.outcomes.unique("lead_id").group_by("outcome").len().rows())
        found = {"won": 0, "lost": 0} | {name: decided[name] for name in sorted(decided)}
        return found | {"open": self.leads.height - sum(decided.values())}


def _latest(frame: pl.DataFrame, column: str) -> datetime | None:
    return frame[column].max()  # type: ignore[return-value]
