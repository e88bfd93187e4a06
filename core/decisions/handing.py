"""What people said over decisions as it stands at a moment, and who has a lead by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from core.decisions.reviewing import CONTESTED, DENY, RULE
from core.decisions.sight import Held
from core.decisions.store_overrides import Kind
from core.policy.outcome import Outcome, Reason

WHO, POOL, REST = range(3)


def standing_at(words: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Of words as `OverrideStore.listed` gives them the newest of each `slot` of a lead that stood (naive UTC).

    Slots are WHO, POOL and REST; a later pool leaves nobody of an earlier one.
    """
    stood = words.filter(pl.col("placed_at") <= moment, pl.col("over_at") > moment).with_row_index("age")
    is_rest, has_pool = pl.col("kind") == Kind.SNOOZE.value, pl.col("pool").is_not_null()
    slot = pl.when(is_rest).then(REST).when(has_pool).then(POOL).otherwise(WHO)
    newest = stood.with_columns(slot=slot).unique(["lead_id", "slot"], keep="first").sort("slot", "age")
    routed = pl.col("age").filter(pl.col("slot") == POOL).min().over("lead_id")
    return newest.filter((pl.col("slot") != WHO) | (pl.col("age") < routed).fill_null(True))


@dataclass(frozen=True, slots=True)
class Hand:
    """Where a lead lies by a person's word: its pool (None: the policy's), who has it (None: who has it there), and the
    pools in which that one stands.
    """

    pool: str | None
    assignee: str | None
    stands: Sequence[str] = ()

    def over(self, pool: str, held: Held | None) -> Held | None:
        """Who has the lead that the policy has in this pool, maybe with somebody, and in which pool it is their load.

        That is the lead's pool, or the first of their own where they do not stand there; None where nobody has it.
        """
        lies = self.pool or pool
        if self.assignee:
            return Held(lies if lies in self.stands or not self.stands else self.stands[0], self.assignee)
        return held if held and held.pool == lies else None


@dataclass(frozen=True)
class Hands:
    """The words on where leads lie, by lead, as told up to a ledger entry; they hold until one ends by its time."""

    by_lead: Mapping[str, Hand] = field(default_factory=dict)
    told: int = 0
    ends_at: datetime = datetime.max

    @classmethod
    def of(cls, words: pl.DataFrame, told: int, now: datetime, stands: Mapping[str, Sequence[str]]) -> "Hands":
        """The words that stand now (naive UTC); `words` as `OverrideStore.listed` has them, `stands`: pools by rep."""
        found: dict[str, Hand] = {}
        for word in standing_at(words, now).filter(pl.col("slot") != REST).iter_rows(named=True):
            newer = found.get(word["lead_id"])
            who: str | None = newer.assignee if newer else word["assignee"]
            found[word["lead_id"]] = Hand(word["pool"], who, stands.get(who or "", ()))
        ends = words["over_at"].filter(words["over_at"] > now).min()
        return cls(found, told, ends if isinstance(ends, datetime) else datetime.max)


def reaches(disposition: str, reasons: tuple[Reason, ...]) -> bool:
    """Whether a hand reaches a lead that was decided so: not where it is denied, or waits for a reviewer."""
    return disposition != DENY and Reason(RULE, CONTESTED) not in reasons


def pool_in_reach(outcome: Outcome) -> str | None:
    """The pool in which the policy has a lead that a hand reaches; None for others."""
    return outcome.pool if reaches(outcome.disposition, outcome.reasons) else None
