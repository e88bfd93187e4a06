"""Each row of a batch decided, in order: where its lead stood, what the policy makes of it, and who gets it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.decisions import ageing
from core.decisions import inputs as policy_inputs
from core.decisions.arms import HOLDOUT
from core.decisions.assigning import asked_of_leads
from core.decisions.compose import Decided
from core.decisions.context import HELD_ID, Deciding
from core.decisions.freshness import Freshness
from core.decisions.inputs import Measured
from core.decisions.reviewing import held
from core.decisions.states import FRESH, LeadState, after
from core.decisions.store import DecisionStore
from core.decisions.store_units import ACCOUNT, UnitStore
from core.decisions.touching import ZONE, CapInputs, reads_zone
from core.kernel.times import naive
from core.policy.inputs import fresh as without_stale

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
    deciding: Deciding, store: DecisionStore, spine: pl.DataFrame, score: pl.Series, looked_up: LookedUp
) -> Iterator[Decided]:
    """Each row decided, in order."""
    stored = {} if deciding.knows_before(spine) else store.before(spine, deciding.arm)
    measured = _measured(deciding, score, looked_up)
    found = policy_inputs.batch_inputs(deciding.policy, measured, looked_up.features, looked_up.attributes)
    aged = ageing.ages(deciding.database, deciding.feature_set, deciding.policy, spine)
    keys = spine.select("lead_id", pl.coalesce("as_of", "known_at"), *_drawn_by(spine)).iter_rows()
    units = looked_up.units or [None] * spine.height
    now = naive(deciding.database.clock.now())
    begins = spine.select(pl.coalesce("as_of", "known_at").min()).item() or now
    desk, caps = deciding.desk(begins), _cap_inputs(deciding, spine, looked_up, begins)
    agreements, contests = deciding.agreements(), deciding.contests()
    asked = {
        name: looked_up.attributes[name].to_list()
        for name in asked_of_leads(deciding.policy.document)
        if name in looked_up.attributes.columns
    }
    for row_no, ((lead_id, moment, *ids, bucket), given, unit) in enumerate(zip(keys, found, units, strict=True)):
        stood = _newer(deciding.states.get(lead_id), stored.get(row_no), moment)
        before = deciding.state_inputs.waited(stood, moment)
        told = {**deciding.state_inputs.of(before, moment), **caps.of(row_no, lead_id, moment)}
        whole = without_stale(deciding.policy, policy_inputs.in_order(deciding.policy, given | told), aged[row_no])
        core = deciding.evaluator.decide(whole)
        values = deciding.evaluator.normalised(whole) if deciding.lottery.reads_values else whole
        outcome, lot = deciding.lottery.draw(core, values, unit, bucket)
        prev_state = deciding.state_inputs.state_of(before)
        why = contests.why(lead_id, moment) if contests else None
        if why:
            outcome, lot = held(deciding.policy.document, outcome, prev_state, why), lot.without_action()
        met = agreements.meet(lead_id, outcome, stood.agreement, moment, whole)
        outcome, assignee = met.outcome, None
        if desk is not None:
            known = {**whole, **{name: values[row_no] for name, values in asked.items()}}
            outcome, assignee = desk.assign(deciding.policy.document, lead_id, outcome, known, moment or now)
        state = after(before, moment, outcome.band, outcome.next_state, met.agreement)
        deciding.remember(lead_id, state)
        caps.note(row_no, lead_id, moment, outcome.action)
        effects = deciding.state_inputs.effects(stood, moment, outcome.next_state)
        decision_id = ids[lot.arm == HOLDOUT]
        begun = contests.begin(lead_id, stood.moment, moment) if contests and why and moment else ()
        effects = (*effects, *met.effects, *begun)
        yield Decided(whole, outcome, prev_state, state, lot, decision_id, assignee, effects)


def _cap_inputs(deciding: Deciding, spine: pl.DataFrame, looked_up: LookedUp, begins: datetime) -> CapInputs:
    """What caps read that the document does not declare."""
    touches = deciding.touches(begins)
    accounts = UnitStore(deciding.database).of(spine.select("lead_id", "known_at"), ACCOUNT) if touches else ()
    zones = None
    if reads_zone(deciding.policy):
        known = looked_up.attributes
        zones = known[ZONE].to_list() if ZONE in known.columns else [None] * spine.height
    return CapInputs(touches, accounts, zones)


def _measured(deciding: Deciding, score: pl.Series, looked_up: LookedUp) -> Measured:
    """The engine's own inputs; the age of a score is 0 because it was computed in this very batch."""
    rows = len(score)
    ages = [one.feature_age_min for one in looked_up.fresh]
    return Measured(score.to_list(), [0] * rows, ages, [deciding.model_ok] * rows, looked_up.tiers)


def _drawn_by(spine: pl.DataFrame) -> list[pl.Expr]:
    """The id of a row, its id in the hold-out, and its bucket in a rollout; null where there is none."""
    columns = (("decision_id", pl.String), (HELD_ID, pl.String), (BUCKET, pl.Int64))
    return [pl.col(name) if name in spine.columns else pl.lit(None, dtype=kind).alias(name) for name, kind in columns]


def _newer(memory: LeadState | None, stored: LeadState | None, moment: datetime | None) -> LeadState:
    """The newer of two earlier standings; nothing is earlier than a decision without a moment."""
    if moment is None:
        return FRESH
    known = [one for one in (memory, stored) if one and (one.moment is None or one.moment < moment)]
    return max(known, key=lambda one: one.moment or datetime.min, default=FRESH)
