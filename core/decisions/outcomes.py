"""Each row of a batch decided, in order: where its lead stood, what the policy makes of it, and who gets it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core.decisions import ageing
from core.decisions import inputs as policy_inputs
from core.decisions.arms import HOLDOUT, Lot
from core.decisions.assigning import Desk
from core.decisions.breaching import Agreements
from core.decisions.compose import Decided
from core.decisions.context import HELD_ID, Deciding
from core.decisions.freshness import Freshness
from core.decisions.hops import asked_of_leads
from core.decisions.inputs import Measured
from core.decisions.reviewing import Contests, held
from core.decisions.states import LeadState, after, newer
from core.decisions.store import DecisionStore
from core.decisions.store_touches import touch_units
from core.decisions.touching import CapInputs, counted_by, zones_of
from core.policy.inputs import fresh as without_stale
from core.policy.outcome import Outcome
from core.policy.timeouts import Effect

BUCKET = "bucket"


@dataclass(frozen=True)
class LookedUp:
    """What was looked up of each row: features, attributes that the policy reads, freshness, evidence tiers, and the
    units that an experiment draws by (empty without one).
    """

    features: pl.DataFrame
    attributes: pl.DataFrame
    fresh: list[Freshness]
    tiers: list[int | None]
    units: Sequence[str] = ()


def outcomes(
    deciding: Deciding,
    store: DecisionStore,
    spine: pl.DataFrame,
    score: pl.Series,
    looked_up: LookedUp,
    desk: Desk | None,
    now: datetime,
) -> Iterator[Decided]:
    """Each row decided, in order, its lead given away by the desk; one without times as of now (naive UTC)."""
    stored = {} if deciding.knows_before(spine) else store.before(spine, deciding.arm)
    measured = _measured(deciding, score, looked_up)
    found = policy_inputs.batch_inputs(deciding.policy, measured, looked_up.features, looked_up.attributes)
    aged = ageing.ages(deciding.database, deciding.feature_set, deciding.policy, spine)
    keys = spine.select("lead_id", pl.coalesce("as_of", "known_at"), *_drawn_by(spine)).iter_rows()
    units = looked_up.units or [None] * spine.height
    batch = _batch(deciding, spine, looked_up, desk, now)
    for row_no, ((lead_id, moment, *drawn), given, unit) in enumerate(zip(keys, found, units, strict=True)):
        stood = newer(deciding.states.get(lead_id), stored.get(row_no), moment)
        row = _Row(row_no, lead_id, moment, stood, unit, *drawn)
        yield batch.decide(row, given, aged[row_no])


@dataclass(frozen=True, slots=True)
class _Row:
    """A row to decide: its lead, moment (naive UTC) and where the lead stood; by what an experiment and a rollout draw,
    and its ids.
    """

    row_no: int
    lead_id: str
    moment: datetime | None
    stood: LeadState
    unit: str | None
    decision_id: str
    held_id: str
    bucket: int | None


@dataclass(frozen=True)
class _Batch:
    """What is carried from row to row, and what was asked of the store for all of them."""

    deciding: Deciding
    desk: Desk | None
    caps: CapInputs
    agreements: Agreements
    contests: Contests | None
    asked: Mapping[str, Sequence[Any]]
    now: datetime

    def decide(self, row: _Row, given: Mapping[str, Any], ages: Mapping[str, int]) -> Decided:
        """The row's decision; how its lead stands is remembered. A lead held for a person never times out."""
        deciding, states, moment = self.deciding, self.deciding.state_inputs, row.moment
        why = self.contests.why(row.lead_id, moment) if self.contests else None
        ran = None if why else moment
        before = states.waited(row.stood, ran)
        told = {**given, **states.of(before, moment), **self.caps.of(row.row_no, row.lead_id, moment)}
        whole = without_stale(deciding.policy, policy_inputs.in_order(deciding.policy, told), ages)
        prev_state = states.state_of(before)
        outcome, lot, begun = self._drawn(row, whole, prev_state, why)
        met = self.agreements.meet(row.lead_id, outcome, row.stood.agreement, moment, whole)
        outcome, assignee, sight = self._assigned(row, met.outcome, whole)
        state = after(before, moment, outcome.band, outcome.next_state, met.agreement)
        deciding.remember(row.lead_id, state)
        self.caps.note(row.row_no, row.lead_id, moment, outcome.action)
        effects = (*states.effects(row.stood, ran, outcome.next_state), *met.effects, *begun)
        decision_id = row.held_id if lot.arm == HOLDOUT else row.decision_id
        return Decided(whole, outcome, prev_state, state, lot, decision_id, assignee, effects, sight)

    def _drawn(
        self, row: _Row, whole: dict[str, Any], prev_state: str | None, why: str | None
    ) -> tuple[Outcome, Lot, tuple[Effect, ...]]:
        """The policy's outcome as the unit's draw and a person's look have it, and what a new contest tells."""
        deciding = self.deciding
        core, values = deciding.evaluator.decide_with_values(whole)
        outcome, lot = deciding.lottery.draw(core, values, row.unit, row.bucket)
        if self.contests is None or why is None or row.moment is None:
            return outcome, lot, ()
        begun = self.contests.begin(row.lead_id, row.stood.moment, row.moment)
        return held(deciding.policy.document, outcome, prev_state, why), lot.without_action(), begun

    def _assigned(
        self, row: _Row, outcome: Outcome, whole: Mapping[str, Any]
    ) -> tuple[Outcome, str | None, str | None]:
        """The outcome where the lead lands, who gets it, and what that choice saw (its text)."""
        if self.desk is None:
            return outcome, None, None
        known = {**whole, **{name: values[row.row_no] for name, values in self.asked.items()}}
        asked = (self.deciding.policy.document, row.lead_id, outcome, known, row.moment or self.now)
        sight = self.desk.sight(*asked)
        landed, assignee = self.desk.assign(*asked, sight)
        return landed, assignee, sight.to_text() if sight else None


def _batch(deciding: Deciding, spine: pl.DataFrame, looked_up: LookedUp, desk: Desk | None, now: datetime) -> _Batch:
    begins = spine.select(pl.coalesce("as_of", "known_at").min()).item() or now
    known = looked_up.attributes
    asked = {name: known[name].to_list() for name in asked_of_leads(deciding.policy.document) if name in known.columns}
    caps = _cap_inputs(deciding, spine, looked_up, begins)
    return _Batch(deciding, desk, caps, deciding.agreements(), deciding.contests(), asked, now)


def _cap_inputs(deciding: Deciding, spine: pl.DataFrame, looked_up: LookedUp, begins: datetime) -> CapInputs:
    """What caps read that the document does not declare."""
    touches = deciding.touches(begins)
    is_drawn = counted_by(deciding.policy) == deciding.lottery.unit
    units = looked_up.units if is_drawn else touch_units(deciding.database, deciding.policy, spine)
    return CapInputs(touches, units or (), zones_of(deciding.policy, looked_up.attributes))


def _measured(deciding: Deciding, score: pl.Series, looked_up: LookedUp) -> Measured:
    """The engine's own inputs; the age of a score is 0 because it was computed in this very batch."""
    rows = len(score)
    ages = [one.feature_age_min for one in looked_up.fresh]
    return Measured(score.to_list(), [0] * rows, ages, [deciding.model_ok] * rows, looked_up.tiers)


def _drawn_by(spine: pl.DataFrame) -> list[pl.Expr]:
    """The id of a row, its id in the hold-out, and its bucket in a rollout; null where there is none."""
    columns = (("decision_id", pl.String), (HELD_ID, pl.String), (BUCKET, pl.Int64))
    return [pl.col(name) if name in spine.columns else pl.lit(None, dtype=kind).alias(name) for name, kind in columns]
