"""Who is in the store, what became of them, and until when that is known."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import polars as pl

from core.kernel.times import to_text
from core.recipes.warnings import Caution
from core.signals.service import Signals

TRUNCATED_SHARE = 0.05


@dataclass(frozen=True)
class Population:
    """leads: lead_id, created_at, created_order; outcomes: lead_id, outcome, at, received_at; times naive UTC."""

    leads: pl.DataFrame = field(repr=False)
    outcomes: pl.DataFrame = field(repr=False)
    observed_until: datetime | None

    @classmethod
    def of(cls, signals: Signals) -> "Population":
        """The population of a store."""
        leads, outcomes = signals.lead_frame(), signals.outcome_frame()
        known = [_last_event(signals), _latest(leads, "created_at"), _latest(outcomes, "at")]
        return cls(leads, outcomes, max((moment for moment in known if moment is not None), default=None))

    @property
    def dated(self) -> bool:
        """Whether any lead has a time of creation."""
        return self.leads["created_at"].drop_nulls().len() > 0

    @property
    def ordered(self) -> bool:
        """Whether the order of rows was declared to be time."""
        return self.leads["created_order"].drop_nulls().len() > 0

    @cached_property
    def counts(self) -> dict[str, int]:
        """Leads by outcome, and `open` for those without one."""
        decided = dict(self.outcomes.unique("lead_id").group_by("outcome").len().rows())
        found = {"won": 0, "lost": 0} | {name: decided[name] for name in sorted(decided)}
        return found | {"open": self.leads.height - sum(decided.values())}

    @cached_property
    def first_outcome_at(self) -> datetime | None:
        """When the first outcome was recorded."""
        return self.outcomes["at"].min()  # type: ignore[return-value]

    @cached_property
    def truncated_before(self) -> datetime | None:
        """The moment before which outcomes were not recorded at all, where the data look like it.

        Leads came for longer before the first outcome than three times the usual way from lead to outcome, and at
        least 5 % of all leads came then.
        """
        if self.first_outcome_at is None or not self.dated:
            return None
        joined = self.outcomes.join(self.leads, on="lead_id")
        usual = (joined["at"] - joined["created_at"]).median()
        early = self.leads.filter(pl.col("created_at") < self.first_outcome_at - 3 * _span(usual))
        return self.first_outcome_at if early.height >= TRUNCATED_SHARE * self.leads.height else None

    def truncation_warning(self) -> Caution | None:
        """The warning about outcomes that were not recorded from the start."""
        moment = self.truncated_before
        if moment is None:
            return None
        return Caution(
            "truncated_outcomes",
            f"No outcome was recorded before {to_text(moment)}, though leads came earlier: silence is not failure. "
            "Rows whose window ended before that moment are left out.",
        )


def _last_event(signals: Signals) -> datetime | None:
    summary = signals.summary()
    known = [moment for moment in (summary["last_at"], summary["last_received_at"]) if moment is not None]
    return max(known, default=None)


def _latest(frame: pl.DataFrame, column: str) -> datetime | None:
    return frame[column].max()  # type: ignore[return-value]


def _span(value: object) -> timedelta:
    return max(value, timedelta(days=1)) if isinstance(value, timedelta) else timedelta(days=1)
