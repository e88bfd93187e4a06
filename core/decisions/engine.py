"""The decision engine: features, scores with reasons, policy, record - one transaction a micro-batch."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from core.decisions import ageing, evidence, freshness, standing
from core.decisions import inputs as policy_inputs
from core.decisions import record as records
from core.decisions.arms import HOLDOUT
from core.decisions.assigning import asked_of_leads
from core.decisions.compose import Decided, Stages, Sureness, sealed_records, shared_fields
from core.decisions.context import HELD_ID, Deciding, Written
from core.decisions.freshness import Freshness
from core.decisions.inputs import Measured
from core.decisions.rows import batch_frame
from core.decisions.states import FRESH, LeadState, after
from core.decisions.store import DecisionStore
from core.decisions.store_units import UnitStore
from core.features import engine as features
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.kernel.ledger import merkle_root
from core.kernel.times import naive
from core.models.model import Model
from core.models.scoring import score_with_points
from core.policy.document import Policy
from core.policy.inputs import fresh as without_stale

BATCH_ROWS = 10_000
COUNTED = ("dispositions", "bands", "pools", "actions", "seconds")
BUCKET = "bucket"
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class DecisionBatch:
    """What a decide run did: how many records are new and how many were there, and the figures over all of them."""

    count: int
    added: int
    duplicate: int
    dispositions: dict[str, int]
    bands: dict[str, int]
    pools: dict[str, int]
    actions: dict[str, int]
    merkle_roots: tuple[str, ...]
    seconds: dict[str, float]


def together(batches: Sequence[DecisionBatch]) -> DecisionBatch:
    """Several runs as one."""
    if len(batches) == 1:
        return batches[0]
    counts = {name: _sum(getattr(one, name) for one in batches) for name in COUNTED}
    return DecisionBatch(
        count=sum(one.count for one in batches),
        added=sum(one.added for one in batches),
        duplicate=sum(one.duplicate for one in batches),
        **counts,
        merkle_roots=tuple(root for one in batches for root in one.merkle_roots),
    )


def _sum(counts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total.most_common())


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


def decide(
    db: Database,
    spine: pl.DataFrame,
    *,
    feature_set: FeatureSet,
    model: Model,
    policy: Policy,
    arm: str,
    actor: str,
    model_ok: bool = True,
    progress: Progress | None = None,
    batch_rows: int = BATCH_ROWS,
    step: int | None = None,
) -> DecisionBatch:
    """Decide every row of the spine that was not decided before by the same model, policy and features.

    spine: lead_id, as_of, known_at (naive UTC; as_of null on undated stores). Rows are decided in order of time, so
    that a history carries each lead's band and state on. One transaction and one ledger entry per `batch_rows` rows.
    model_ok is the health of the model as monitoring sees it; step is that of a rollout under way, whose bucket a row
    may have.
    """
    deciding, store = Deciding(db, feature_set, model, policy, arm, actor, model_ok, step=step), DecisionStore(db)
    ordered = spine.sort("as_of", "lead_id", nulls_last=False)
    ordered = deciding.identified(ordered)
    columns = [name for name in ("decision_id", HELD_ID) if name in ordered.columns]
    ids = pl.concat([ordered[name].unique() for name in columns]).to_list()
    known = list(store.known(ids))
    fresh = ordered.filter(~pl.any_horizontal(pl.col(name).is_in(known) for name in columns))
    fresh = fresh.unique("decision_id", keep="first", maintain_order=True)
    stages = {"features": 0, "score": 0, "policy": 0, "record": 0}
    entries = list(_decide_all(deciding, store, fresh, batch_rows, stages, progress))
    added = sum(one.rows for one in entries)
    return DecisionBatch(
        added=added,
        duplicate=ordered.height - added,
        merkle_roots=tuple(one.root for one in entries),
        seconds={name: spent / 1e6 for name, spent in stages.items()},
        **store.summary(ids),
    )


def _decide_all(
    deciding: Deciding,
    store: DecisionStore,
    fresh: pl.DataFrame,
    batch_rows: int,
    stages: Stages,
    progress: Progress | None,
) -> Iterator[Written]:
    """Decide batch after batch; the Merkle root and rows of each that wrote something."""
    for start in range(0, fresh.height, batch_rows):
        part = fresh.slice(start, batch_rows)
        if entry := _decide_batch(deciding, store, part, stages):
            yield entry
        if progress:
            progress((start + part.height) / fresh.height, f"{start + part.height:,} of {fresh.height:,} leads decided")


def _decide_batch(deciding: Deciding, store: DecisionStore, spine: pl.DataFrame, total: Stages) -> Written | None:
    keys = spine.select("lead_id", "as_of", "known_at")
    watch = Watch()
    whole = features.build(deciding.database, evidence.with_evidence(deciding.feature_set), keys)
    frame, tiers = evidence.parted(whole)
    attributes = standing.attributes(deciding.database, store, deciding.policy, keys)
    fresh = freshness.of_rows(deciding.database, deciding.feature_set, keys)
    looked_up = LookedUp(frame, attributes, fresh, tiers, units_of(deciding, keys))
    watch.lap("features")
    written = decide_looked_up(deciding, store, spine, looked_up, watch)
    for name, spent in watch.laps.items():
        total[name] += spent
    return written


def units_of(deciding: Deciding, keys: pl.DataFrame) -> Sequence[str]:
    """The unit of each row that the policy's experiment draws by; empty where it draws nothing."""
    unit = deciding.lottery.unit
    return UnitStore(deciding.database).of(keys, unit) if unit else ()


def decide_looked_up(
    deciding: Deciding,
    store: DecisionStore,
    spine: pl.DataFrame,
    looked_up: LookedUp,
    watch: "Watch",
    new_at: str | None = None,
) -> Written | None:
    """Score, decide and write the spine's rows by what was looked up of them; Merkle root and rows of what is new.

    The spine has decision_id, and may have lead_no, and trigger_event_id and trace_id of the event behind each row.
    `new_at` is a revision of the decisions that holds none of these ids for certain.
    """
    scores, points = score_with_points(deciding.model, looked_up.features)
    watch.lap("score")
    measured = _measured(deciding, scores["score"], looked_up)
    decided = list(_outcomes(deciding, store, spine, measured, looked_up))
    watch.lap("policy")
    shared = shared_fields(deciding, watch.per_row(spine.height), spine["decision_id"][0])
    sureness = [Sureness(one.stale, tier) for one, tier in zip(looked_up.fresh, looked_up.tiers, strict=True)]
    rows = list(sealed_records(deciding, looked_up.features, scores, points, decided, sureness, spine, shared))
    batch = batch_frame(rows, shared, spine, scores, [one.state for one in decided])
    if "lead_no" in spine.columns:
        batch = batch.with_columns(spine["lead_no"])
    watch.lap("record")
    return _write(deciding, store, batch, new_at)


def _measured(deciding: Deciding, score: pl.Series, looked_up: LookedUp) -> Measured:
    """The engine's own inputs; the age of a score is 0 because it was computed in this very batch."""
    rows = len(score)
    ages = [one.feature_age_min for one in looked_up.fresh]
    return Measured(score.to_list(), [0] * rows, ages, [deciding.model_ok] * rows, looked_up.tiers)


def _outcomes(
    deciding: Deciding,
    store: DecisionStore,
    spine: pl.DataFrame,
    measured: Measured,
    looked_up: LookedUp,
) -> Iterator[Decided]:
    """Each row decided, in order."""
    stored = {} if deciding.knows_before(spine) else store.before(spine, deciding.arm)
    found = policy_inputs.batch_inputs(deciding.policy, measured, looked_up.features, looked_up.attributes)
    aged = ageing.ages(deciding.database, deciding.feature_set, deciding.policy, spine)
    keys = spine.select("lead_id", pl.coalesce("as_of", "known_at"), *_drawn_by(spine)).iter_rows()
    units = looked_up.units or [None] * spine.height
    now = naive(deciding.database.clock.now())
    desk = deciding.desk(spine.select(pl.coalesce("as_of", "known_at").min()).item() or now)
    asked = {
        name: looked_up.attributes[name].to_list()
        for name in asked_of_leads(deciding.policy.document)
        if name in looked_up.attributes.columns
    }
    for row_no, ((lead_id, moment, *ids, bucket), given, unit) in enumerate(zip(keys, found, units, strict=True)):
        before = _newer(deciding.states.get(lead_id), stored.get(row_no), moment)
        before = deciding.state_inputs.waited(before, moment)
        told = deciding.state_inputs.of(before, moment)
        whole = without_stale(deciding.policy, policy_inputs.in_order(deciding.policy, given | told), aged[row_no])
        core = deciding.evaluator.decide(whole)
        values = deciding.evaluator.normalised(whole) if deciding.lottery.reads_values else whole
        outcome, lot = deciding.lottery.draw(core, values, unit, bucket)
        assignee = None
        if desk is not None:
            known = {**whole, **{name: values[row_no] for name, values in asked.items()}}
            outcome, assignee = desk.assign(deciding.policy.document, lead_id, outcome, known, moment or now)
        state = after(before, moment, outcome.band, outcome.next_state)
        deciding.remember(lead_id, state)
        decision_id = ids[lot.arm == HOLDOUT]
        yield Decided(whole, outcome, deciding.state_inputs.state_of(before), state, lot, decision_id, assignee)


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


def _write(deciding: Deciding, store: DecisionStore, batch: pl.DataFrame, new_at: str | None) -> Written | None:
    """One transaction and ledger entry: its Merkle root and rows; what somebody else wrote meanwhile is left out."""
    feature_set_hash, model_hash, policy_hash = deciding.hashes
    with deciding.database.change("decisions", "decisions.recorded", deciding.actor) as change:
        before = deciding.database.revision("decisions")
        all_new = before == new_at
        there = frozenset[str]() if all_new else store.known(batch["decision_id"].to_list(), change)
        fresh = batch.filter(~pl.col("decision_id").is_in(list(there))) if there else batch
        if fresh.is_empty():
            change.abandon()
            return None
        root = merkle_root([records.leaf(hash_text) for hash_text in fresh["hash"]])
        store.write(change, fresh)
        change.body.update(
            count=fresh.height,
            arm=deciding.arm,
            merkle_root=root,
            feature_set_hash=feature_set_hash,
            model_hash=model_hash,
            policy_hash=policy_hash,
        )
    return Written(root, fresh.height, before, change.entry.hash if change.entry else before)


class Watch:
    """Microseconds by stage, for the record's stage_us; never hashed."""

    def __init__(self) -> None:
        self.laps: Stages = {}
        self._last = time.perf_counter_ns()

    def lap(self, name: str) -> None:
        """End a stage."""
        now = time.perf_counter_ns()
        self.laps[name] = (now - self._last) // 1000
        self._last = now

    def per_row(self, rows: int) -> Stages:
        """Each stage's share of a row."""
        return {name: spent // max(rows, 1) for name, spent in self.laps.items()}
