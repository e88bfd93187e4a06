"""What a batch is decided by, and the states that it carries from row to row."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TypeVar

import polars as pl

from core.decisions import record as records
from core.decisions.arms import HOLDOUT, SHADOW, Lottery
from core.decisions.assigning import Desk
from core.decisions.breaching import Agreements
from core.decisions.reviewing import Contests
from core.decisions.states import LeadState, StateInputs, state_inputs
from core.decisions.store_contests import CONTEST_KINDS, ContestStore
from core.decisions.store_desk import DeskStore
from core.decisions.store_touches import TouchStore
from core.decisions.touching import Touches, counted_by
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.kernel.times import naive
from core.models.model import Model
from core.policy import evaluator
from core.policy.document import Policy
from core.policy.evaluator import Evaluator

TRIGGER, HELD_ID = "trigger_event_id", "held_id"
Read = TypeVar("Read")


@dataclass(frozen=True)
class Deciding:
    """Everything that a batch is decided by.

    `remembers` says that `states` holds the newest standing of every lead in it, so that the store need not be asked;
    `step` is that of the rollout under way; `found_at` is the decisions' revision at which the leads were found to be
    due, None where they are decided whoever else decides them.
    """

    database: Database
    feature_set: FeatureSet
    model: Model
    policy: Policy
    arm: str
    actor: str
    model_ok: bool = True
    states: dict[str, LeadState] = field(default_factory=dict)
    remembers: bool = False
    step: int | None = None
    found_at: str | None = None
    desks: dict[int, Desk | None] = field(default_factory=dict)
    work: dict[int, Agreements] = field(default_factory=dict)
    contested: dict[int, Contests] = field(default_factory=dict)
    touched: dict[tuple[str, str], Touches] = field(default_factory=dict)

    @cached_property
    def evaluator(self) -> Evaluator:
        """The policy as a function."""
        return evaluator.compile(self.policy)

    @cached_property
    def state_inputs(self) -> StateInputs:
        """What the policy asks about a lead's state."""
        return state_inputs(self.policy)

    @cached_property
    def hashes(self) -> tuple[str, str, str]:
        """Of the feature set, the model and the policy."""
        return self.feature_set.behaviour_hash, self.model.model_hash, self.policy.content_hash

    def desk(self, before: datetime) -> Desk | None:
        """Who may get leads and who has which, as it stood before the moment and was carried on since; None: nobody.

        It is read again where reps or outcomes were told meanwhile, and hears what people say now of who has a lead. A
        shadow gives leads to nobody.
        """
        if self.arm == SHADOW:
            return None
        store = DeskStore(self.database)
        desk = _kept(self.desks, store.told(), lambda: store.load(self.arm, before))
        if desk:
            store.hear(desk, self.policy.document, self.arm, before, naive(self.database.clock.now()))
        return desk

    def agreements(self) -> Agreements:
        """The agreed times; who took up which lead is asked where a step is due, and anew once told."""
        document = self.policy.document
        if document.sla is None or not document.sla.on_breach:
            return Agreements(document, dict)
        store = DeskStore(self.database)
        return _kept(self.work, store.told(), lambda: Agreements(document, store.work))

    def touches(self, before: datetime) -> Touches | None:
        """Who was touched when, as it stood before the moment and was carried on since; None where nobody asks.

        Only who counts the same goes on from what another has carried on.
        """
        unit, actions = counted_by(self.policy), self.policy.document.actions
        if unit is None:
            self.touched.clear()
            return None
        counted = (actions.otherwise if actions else "", unit)
        if counted not in self.touched or before < self.touched[counted].begins:
            known = TouchStore(self.database).since(before, self.arm, *counted)
            self.touched.clear()
            self.touched[counted] = Touches(known, counted[0], before)
        return self.touched[counted]

    def contests(self) -> Contests | None:
        """The contested decisions, where the policy names a way to a person."""
        document = self.policy.document
        if document.privacy is None or document.privacy.human_review is None:
            return None
        there, store = self.database.newest(*CONTEST_KINDS), ContestStore(self.database)
        return _kept(self.contested, there, lambda: Contests(document, store.by_lead() if there else {}))

    def anew(self) -> "Deciding":
        """The same by what the store holds now, and nothing of what was remembered."""
        return replace(self, states={}, remembers=False, desks={}, work={}, contested={}, touched={})

    def take(self, other: "Deciding") -> None:
        """Remember what the other decided in this one's stead."""
        self.states.update(other.states)
        self.desks.clear()
        self.touched.clear()

    def knows_before(self, spine: pl.DataFrame) -> bool:
        """Whether `states` tells where each row's lead stood before it: not where it was decided for later already."""
        if not self.remembers:
            return False
        rows = spine.select("lead_id", pl.coalesce("as_of", "known_at")).iter_rows()
        return all(_is_before(self.states.get(lead_id), moment) for lead_id, moment in rows)

    def remember(self, lead_id: str, state: LeadState) -> None:
        """Where the lead stands after a decision, unless a later one is remembered."""
        known = self.states.get(lead_id)
        if known is None or state.moment is None or known.moment is None or known.moment <= state.moment:
            self.states[lead_id] = state

    @cached_property
    def lottery(self) -> Lottery:
        """The policy's experiment."""
        return Lottery(self.policy, self.arm)

    def identified(self, spine: pl.DataFrame) -> pl.DataFrame:
        """The rows with their decision_id, and with the one that they would have in a hold-out."""
        ids = {"decision_id": self.arm, **({HELD_ID: HOLDOUT} if self.lottery.may_hold_out else {})}
        return spine.with_columns(pl.Series(name, self.ids(spine, arm), dtype=pl.String) for name, arm in ids.items())

    def ids(self, spine: pl.DataFrame, arm: str | None = None) -> list[str]:
        """The decision id of each row in the arm, by default the one that is decided in; rows that an event brought
        about have its id as `trigger_event_id`.
        """
        arm = arm or self.arm
        keys = spine.select("lead_id", "as_of", "known_at", trigger(spine)).iter_rows()
        return [
            records.decision_id(lead, moment_text(as_of), moment_text(known_at), arm, self.hashes, event_id)
            for lead, as_of, known_at, event_id in keys
        ]


@dataclass(frozen=True)
class Written:
    """One entry of decisions: its Merkle root and rows, and the decisions' revisions before and after it."""

    root: str
    rows: int
    before: str
    after: str


def _kept(memory: dict[int, Read], told: int, read: Callable[[], Read]) -> Read:
    """What was read when the ledger entry `told` was the newest that tells of it, else what is read now."""
    if told not in memory:
        memory.clear()
        memory[told] = read()
    return memory[told]


def _is_before(state: LeadState | None, moment: datetime | None) -> bool:
    return state is not None and (moment is None or state.moment is None or state.moment < moment)


def trigger(spine: pl.DataFrame) -> pl.Expr:
    """The event that each row's decision follows from; null in a batch."""
    return pl.col(TRIGGER) if TRIGGER in spine.columns else pl.lit(None, dtype=pl.String).alias(TRIGGER)


@lru_cache(maxsize=4096)
def moment_text(moment: datetime | None) -> str | None:
    """A moment as records write it; a batch has few distinct ones."""
    return records.moment(moment)
