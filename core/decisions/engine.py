"""The decision engine: features, scores with reasons, policy, record - one transaction a micro-batch."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from threading import Event
from typing import Any

import polars as pl

from core.decisions import evidence, freshness, outbox, standing
from core.decisions import record as records
from core.decisions.arms import acted_with
from core.decisions.assigning import Desk
from core.decisions.compose import Stages, Sureness, sealed_records, shared_fields
from core.decisions.context import HELD_ID, Deciding, Written
from core.decisions.outcomes import LookedUp, outcomes
from core.decisions.rows import batch_frame
from core.decisions.store import DecisionStore
from core.decisions.store_desk import keep
from core.decisions.store_outbox import OutboxStore
from core.decisions.store_overtaken import decided_since, newest_of, overtaken
from core.decisions.store_units import UnitStore
from core.features import engine as features
from core.features.document import FeatureSet
from core.kernel.database import Change, Database
from core.kernel.ledger import merkle_root
from core.kernel.times import naive
from core.kernel.workers import Cancelled
from core.models.model import Model
from core.models.scoring import Points, score_with_points
from core.policy.document import Policy

BATCH_ROWS = 10_000
COUNTED = ("dispositions", "bands", "pools", "actions", "seconds")
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Made:
    """A batch decided and not yet written: the rows of the decisions table, the outbox's messages, and the desk that
    gave the leads away.
    """

    batch: pl.DataFrame
    messages: pl.DataFrame
    desk: Desk | None

    def without(self, there: Collection[str], silent: Collection[str]) -> "Made":
        """The same but for decisions that are there, and for messages of those that are silent."""
        return Made(_without(self.batch, there), _without(self.messages, {*there, *silent}), self.desk)


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
    found_at: str | None = None,
    cancel: Event | None = None,
) -> DecisionBatch:
    """Decide every row of the spine that was not decided before by the same model, policy and features.

    spine: lead_id, as_of, known_at (naive UTC; as_of null on undated stores). Rows are decided in order of time, so
    that a history carries each lead's band and state on. One transaction and one ledger entry per `batch_rows` rows.
    model_ok is the health of the model as monitoring sees it; step is that of a rollout under way, whose bucket a row
    may have. `found_at` is the decisions' revision at which the rows' leads were found: who was decided since is left
    out. Raises Cancelled between two batches; those before it stay.
    """
    deciding = Deciding(db, feature_set, model, policy, arm, actor, model_ok, step=step, found_at=found_at)
    store = DecisionStore(db)
    ordered = spine.sort("as_of", "lead_id", nulls_last=False)
    ordered = deciding.identified(ordered)
    columns = [name for name in ("decision_id", HELD_ID) if name in ordered.columns]
    ids = pl.concat([ordered[name].unique() for name in columns]).to_list()
    known = list(store.known(ids))
    fresh = ordered.filter(~pl.any_horizontal(pl.col(name).is_in(known) for name in columns))
    fresh = fresh.unique("decision_id", keep="first", maintain_order=True)
    stages = {"features": 0, "score": 0, "policy": 0, "record": 0}
    entries = list(_decide_all(deciding, store, fresh, batch_rows, stages, progress, cancel))
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
    cancel: Event | None,
) -> Iterator[Written]:
    """Decide batch after batch; the Merkle root and rows of each that wrote something."""
    for start in range(0, fresh.height, batch_rows):
        if cancel and cancel.is_set():
            raise Cancelled("the decisions", f"{start:,} of {fresh.height:,} leads were decided and stay so")
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
    stood_at: str | None = None,
) -> Written | None:
    """Score, decide and write the spine's rows by what was looked up of them; Merkle root and rows of what is new.

    The spine has decision_id, and may have lead_no, and trigger_event_id and trace_id of the event behind each row.
    `new_at` is a revision of the decisions that holds none of these ids for certain, and no later decision of the
    leads; `stood_at` is the one by which `states` are remembered. Where somebody else decided one of the leads
    meanwhile, all are decided once more, while nobody writes; where rows were found at a revision, only the others.
    """
    stood_at = stood_at or deciding.found_at or deciding.database.revision("decisions")
    scored = score_with_points(deciding.model, looked_up.features)
    watch.lap("score")
    made = _made(deciding, store, spine, looked_up, scored, watch)
    with deciding.database.change("decisions", "decisions.recorded", deciding.actor) as change:
        before = deciding.database.revision("decisions")
        if before != new_at:
            newest = newest_of(change, spine["lead_id"], acted_with(deciding.arm), stood_at)
            if before != stood_at and newest["is_fresh"].any():
                again = deciding.anew()
                if deciding.found_at:
                    spine, looked_up, scored = _left(decided_since(newest), spine, looked_up, scored)
                if spine.is_empty():
                    deciding.take(again)
                    change.abandon()
                    return None
                made = _made(again, store, spine, looked_up, scored, watch)
                deciding.take(again)
            there = store.known(made.batch["decision_id"].to_list(), change)
            made = made.without(there, overtaken(made.batch, newest))
        root, rows = _write(deciding, store, change, made)
    return Written(root, rows, before, change.entry.hash if change.entry else before) if rows else None


def _left(
    decided: pl.Series, spine: pl.DataFrame, looked_up: LookedUp, scored: tuple[pl.DataFrame, Points]
) -> tuple[pl.DataFrame, LookedUp, tuple[pl.DataFrame, Points]]:
    """The rows of other leads than those that were decided meanwhile, so that these take nobody's place or turn."""
    left, (scores, points) = ~spine["lead_id"].is_in(decided.implode()), scored
    kept = LookedUp(
        looked_up.features.filter(left),
        looked_up.attributes.filter(left),
        list(compress(looked_up.fresh, left)),
        list(compress(looked_up.tiers, left)),
        tuple(compress(looked_up.units, left)),
    )
    return spine.filter(left), kept, (scores.filter(left), replace(points, values=points.values[left.to_numpy()]))


def _made(
    deciding: Deciding, store: DecisionStore, spine: pl.DataFrame, looked_up: LookedUp,
    scored: tuple[pl.DataFrame, Points], watch: "Watch",
) -> Made:  # fmt: skip
    """The rows decided, in order."""
    scores, points = scored
    now = naive(deciding.database.clock.now())
    desk = deciding.desk(spine.select(pl.coalesce("as_of", "known_at").min()).item() or now)
    decided = list(outcomes(deciding, store, spine, scores["score"], looked_up, desk, now))
    watch.lap("policy")
    shared = shared_fields(deciding, watch.per_row(spine.height), spine["decision_id"][0])
    sureness = [Sureness(one.stale, tier) for one, tier in zip(looked_up.fresh, looked_up.tiers, strict=True)]
    rows = list(sealed_records(deciding, looked_up.features, scores, points, decided, sureness, spine, shared))
    batch = batch_frame(rows, shared, spine, scores, decided)
    if "lead_no" in spine.columns:
        batch = batch.with_columns(spine["lead_no"])
    messages = outbox.messages(spine["lead_id"].to_list(), decided)
    watch.lap("record")
    return Made(batch, messages, desk)


def _write(deciding: Deciding, store: DecisionStore, change: Change, made: Made) -> tuple[str, int]:
    """Merkle root and number of the rows that are written, messages of the outbox included."""
    batch = made.batch
    if batch.is_empty():
        change.abandon()
        return "", 0
    feature_set_hash, model_hash, policy_hash = deciding.hashes
    root = merkle_root([records.leaf(hash_text) for hash_text in batch["hash"]])
    store.write(change, batch)
    change.body.update(
        count=batch.height,
        arm=deciding.arm,
        merkle_root=root,
        feature_set_hash=feature_set_hash,
        model_hash=model_hash,
        policy_hash=policy_hash,
        desk_root=keep(change, made.desk, batch["sight"].to_list()),
    )
    if sent := OutboxStore(deciding.database).put(change, made.messages):
        change.body.update(messages=sent)
    return root, batch.height


def _without(rows: pl.DataFrame, ids: Collection[str]) -> pl.DataFrame:
    return rows.filter(~pl.col("decision_id").is_in(list(ids))) if ids else rows


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
