"""The decision engine: features, scores with reasons, policy, record - one transaction a micro-batch."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from core.decisions import ageing, evidence, freshness, standing
from core.decisions import inputs as policy_inputs
from core.decisions import record as records
from core.decisions.compose import Decided, Stages, Sureness, sealed_records, shared_fields
from core.decisions.context import Deciding
from core.decisions.freshness import Freshness
from core.decisions.inputs import Measured
from core.decisions.rows import batch_frame
from core.decisions.states import FRESH, LeadState, after
from core.decisions.store import DecisionStore
from core.features import engine as features
from core.features.document import FeatureSet
from core.kernel.database import Database
from core.kernel.ledger import merkle_root
from core.models.model import Model
from core.models.scoring import score_with_points
from core.policy.document import Policy
from core.policy.inputs import fresh

BATCH_ROWS = 10_000
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


@dataclass(frozen=True)
class LookedUp:
    """What was looked up of each row: features, attributes that the policy reads, freshness, evidence tiers."""

    features: pl.DataFrame
    attributes: pl.DataFrame
    fresh: list[Freshness]
    tiers: list[int | None]


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
) -> DecisionBatch:
    """Decide every row of the spine that was not decided before by the same model, policy and features.

    spine: lead_id, as_of, known_at (naive UTC; as_of null on undated stores). Rows are decided in order of time, so
    that a history carries each lead's band and state on. One transaction and one ledger entry per `batch_rows` rows.
    model_ok is the health of the model as monitoring sees it.
    """
    deciding, store = Deciding(db, feature_set, model, policy, arm, actor, model_ok), DecisionStore(db)
    ordered = spine.sort("as_of", "lead_id", nulls_last=False)
    ordered = ordered.with_columns(pl.Series("decision_id", deciding.ids(ordered), dtype=pl.String))
    ids = ordered["decision_id"].unique().to_list()
    fresh = ordered.filter(~pl.col("decision_id").is_in(list(store.known(ids))))
    fresh = fresh.unique("decision_id", keep="first", maintain_order=True)
    stages = {"features": 0, "score": 0, "policy": 0, "record": 0}
    entries = list(_decide_all(deciding, store, fresh, batch_rows, stages, progress))
    added = sum(rows for _, rows in entries)
    return DecisionBatch(
        added=added,
        duplicate=ordered.height - added,
        merkle_roots=tuple(root for root, _ in entries),
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
) -> Iterator[tuple[str, int]]:
    """Decide batch after batch; the Merkle root and rows of each that wrote something."""
    for start in range(0, fresh.height, batch_rows):
        part = fresh.slice(start, batch_rows)
        if entry := _decide_batch(deciding, store, part, stages):
            yield entry
        if progress:
            progress((start + part.height) / fresh.height, f"{start + part.height:,} of {fresh.height:,} leads decided")


def _decide_batch(
    deciding: Deciding, store: DecisionStore, spine: pl.DataFrame, total: Stages
) -> tuple[str, int] | None:
    keys = spine.select("lead_id", "as_of", "known_at")
    watch = Watch()
    whole = features.build(deciding.database, evidence.with_evidence(deciding.feature_set), keys)
    frame, tiers = evidence.parted(whole)
    attributes = standing.attributes(deciding.database, store, deciding.policy, keys)
    fresh = freshness.of_rows(deciding.database, deciding.feature_set, keys)
    watch.lap("features")
    written = decide_looked_up(deciding, store, spine, LookedUp(frame, attributes, fresh, tiers), watch)
    for name, spent in watch.laps.items():
        total[name] += spent
    return written


def decide_looked_up(
    deciding: Deciding,
    store: DecisionStore,
    spine: pl.DataFrame,
    looked_up: LookedUp,
    watch: "Watch",
    new_at: str | None = None,
) -> tuple[str, int] | None:
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
    batch = batch_frame(rows, shared, spine, scores, [state for _, _, _, state in decided])
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
    """For each row in order: the policy's inputs, its outcome, the state before, and the lead after it."""
    remembered = deciding.remembers and all(lead in deciding.states for lead in spine["lead_id"])
    stored = {} if remembered else store.before(spine, deciding.arm)
    found = policy_inputs.batch_inputs(deciding.policy, measured, looked_up.features, looked_up.attributes)
    aged = ageing.ages(deciding.database, deciding.feature_set, deciding.policy, spine)
    keys = spine.select("lead_id", pl.coalesce("as_of", "known_at")).iter_rows()
    for row_no, ((lead_id, moment), given) in enumerate(zip(keys, found, strict=True)):
        before = _newer(deciding.states.get(lead_id), stored.get(row_no), moment)
        before = deciding.state_inputs.waited(before, moment)
        told = deciding.state_inputs.of(before, moment)
        whole = fresh(deciding.policy, policy_inputs.in_order(deciding.policy, given | told), aged[row_no])
        outcome = deciding.evaluator.decide(whole)
        state = after(before, moment, outcome.band, outcome.next_state)
        deciding.states[lead_id] = state
        yield whole, outcome, deciding.state_inputs.state_of(before), state


def _newer(memory: LeadState | None, stored: LeadState | None, moment: datetime | None) -> LeadState:
    """The newer of two earlier standings; nothing is earlier than a decision without a moment."""
    if moment is None:
        return FRESH
    known = [one for one in (memory, stored) if one and (one.moment is None or one.moment < moment)]
    return max(known, key=lambda one: one.moment or datetime.min, default=FRESH)


def _write(deciding: Deciding, store: DecisionStore, batch: pl.DataFrame, new_at: str | None) -> tuple[str, int] | None:
    """One transaction and ledger entry: its Merkle root and rows; what somebody else wrote meanwhile is left out."""
    feature_set_hash, model_hash, policy_hash = deciding.hashes
    with deciding.database.change("decisions", "decisions.recorded", deciding.actor) as change:
        all_new = new_at is not None and deciding.database.revision("decisions") == new_at
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
    return root, fresh.height


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
