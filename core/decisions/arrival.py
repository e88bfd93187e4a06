"""Deciding on arrival: the leads that new events belong to, by the engine of the batch, a few at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter

import polars as pl

from core.decisions import evidence, freshness
from core.decisions.arrival_course import MOST_REMEMBERED, Course
from core.decisions.context import TRIGGER, Deciding
from core.decisions.engine import LookedUp, Watch, decide_looked_up, units_of
from core.decisions.exposure import Exposure, with_buckets
from core.decisions.freshness import Freshness
from core.decisions.standing import attribute_set
from core.decisions.store import DecisionStore
from core.decisions.store_arrivals import ArrivalStore
from core.decisions.trail import Trail
from core.features.document import FeatureSet
from core.features.online import OnlineFeatures
from core.kernel.database import Database
from core.kernel.times import naive
from core.models.model import Model
from core.models.scoring import score
from core.policy.document import Policy
from core.signals.revision import revision

ACTOR = "live"
MOMENT = pl.Datetime("us")
PREFIX = "policy input "
BEHIND = timedelta(microseconds=1)
AGAIN_SECONDS = 1.0
MOST_READ_AGAIN = 20_000
SCHEMA = {
    "lead_id": pl.String, "lead_no": pl.Int32, "as_of": MOMENT, "known_at": MOMENT, TRIGGER: pl.String,
    "trace_id": pl.String,
}  # fmt: skip
Home = tuple[str, int]


@dataclass(frozen=True)
class Chosen:
    """What decides now: the feature set, the model, whether it is in health, the policy, and in which arm."""

    feature_set: FeatureSet
    model: Model
    policy: Policy
    arm: str
    model_ok: bool = True
    exposure: Exposure | None = None

    @property
    def key(self) -> tuple[str, str, str, str, bool, int | None]:
        """What makes one choice another: the hashes of its parts, the arm, the model's health, the rollout's step."""
        parts = (self.feature_set.behaviour_hash, self.model.model_hash, self.policy.content_hash)
        return *parts, self.arm, self.model_ok, self.exposure.step if self.exposure else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lead to decide: its newest event, that event's trace, when we knew it, and when it began to wait (seconds)."""

    lead_id: str
    event_id: str
    trace_id: str | None
    received_at: datetime
    since: float


@dataclass(frozen=True)
class Done:
    """A micro-batch that was decided and written: which events led to a decision, and the time of each stage (us)."""

    decided: Sequence[Waiting]
    stage_us: dict[str, int]


@dataclass(frozen=True)
class Ready:
    """The features of the model and the attributes of the policy, kept in memory together."""

    feature_set: FeatureSet
    attributes: FeatureSet
    online: OnlineFeatures

    @classmethod
    def of(cls, db: Database, feature_set: FeatureSet, attributes: FeatureSet) -> "Ready":
        """Read the whole log once."""
        apart = tuple(replace(one, name=PREFIX + one.name) for one in attributes.features)
        both = replace(feature_set, features=(*feature_set.features, evidence.EVIDENCE, *apart))
        return cls(feature_set, attributes, OnlineFeatures(db, both))

    def look_up(self, keys: pl.DataFrame, *, quiet: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The keys with their features, and the keys with the attributes under the policy's names.

        `quiet`: nothing but events of known leads came since the last time.
        """
        self.online.catch_up(only_events=quiet)
        found = self.online.vectors(keys)
        known = {PREFIX + one.name: one.name for one in self.attributes.features}
        return found.drop(known), found.select(*keys.columns, *known).rename(known)


class Decider:
    """Decides micro-batches by one choice of model and policy; one thread uses it."""

    def __init__(self, db: Database, chosen: Chosen, trail: Trail | None = None, course: Course | None = None) -> None:
        self._db, self.chosen, self._trail = db, chosen, trail or Trail()
        self._store, self._arrivals = DecisionStore(db), ArrivalStore(db)
        self._course = course or Course(chosen.arm)
        self._deciding = Deciding(
            db, chosen.feature_set, chosen.model, chosen.policy, chosen.arm, ACTOR, chosen.model_ok, remembers=True,
            step=chosen.exposure.step if chosen.exposure else None, states=self._course.states,
            desks=self._course.desks, touched=self._course.touched,
        )  # fmt: skip
        self._signals = ""
        self._homes: dict[str, Home | None] = {}
        self._asked = 0
        self._ready: Ready | None = None
        self._fresh: list[Freshness] = []
        self._looked_at = 0.0
        self._ageing = any(one.attribute and one.max_age for one in chosen.feature_set.features)

    def decide(self, waiting: Sequence[Waiting]) -> Done:
        """Decide the open ones among the leads as of their newest event, in one transaction.

        As of the first microsecond after the event was known: whatever is received later is not seen by it, so that it
        can be made again from the store, and a retry is the same decision.
        """
        began, watch = perf_counter(), Watch()
        quiet, now = self._is_quiet()
        if not quiet:
            self._deciding.contested.clear()
        newest = _by_home(waiting, self._homes_of([one.lead_id for one in waiting], quiet=quiet))
        if not newest:
            return Done((), {})
        spine = self._drawn(_spine(newest))
        waited = sum(began - one.since for one, _ in newest) / len(newest)
        watch.laps["wait"] = round(waited * 1e6) * len(newest)
        looked_up = self._look_up(spine.select("lead_id", "as_of", "known_at"), quiet=quiet)
        self._signals = now
        watch.lap("features")
        self._decide(spine, looked_up, watch)
        watch.lap("write")
        return Done([one for one, _ in newest], watch.laps)

    def _drawn(self, spine: pl.DataFrame) -> pl.DataFrame:
        """The rows with their ids, and with the buckets of their units while a version is on its way."""
        spine = self._deciding.identified(spine)
        exposure = self.chosen.exposure
        return with_buckets(self._db, spine, exposure) if exposure else spine

    def _is_quiet(self) -> tuple[bool, str]:
        """Whether nothing but events of known leads came since the last micro-batch, and the signals' revision."""
        now = revision(self._db)
        return self._ready is not None and self._trail.leads(self._signals, now), now

    def _homes_of(self, sent_ids: Sequence[str], *, quiet: bool) -> dict[str, Home | None]:
        """By the id that was sent the open lead that it belongs to, None where there is none."""
        if not quiet or len(self._homes) > MOST_REMEMBERED:
            self._homes.clear()
            self._asked = 0
        if any(one not in self._homes for one in sent_ids):
            self._ask_homes(sent_ids)
        return self._homes

    def _ask_homes(self, sent_ids: Sequence[str]) -> None:
        """Ask of the leads; of all where it is the second time since everything was forgotten, and they are few."""
        self._asked += 1
        if self._asked == 2:
            self._homes.update(self._arrivals.all_open(MOST_READ_AGAIN))
        if unknown := [one for one in sent_ids if one not in self._homes]:
            found = self._arrivals.open_leads(unknown)
            self._homes.update({one: found.get(one) for one in unknown})

    def _decide(self, spine: pl.DataFrame, looked_up: LookedUp, watch: Watch) -> None:
        """Decide and write the rows; what is remembered of leads and ids is right at one revision of the decisions."""
        course = self._course
        course.follow(self._store, self._db.revision("decisions"), spine["lead_id"].to_list())
        new_at = course.revision if self._are_new(spine) else None
        try:
            written = decide_looked_up(self._deciding, self._store, spine, looked_up, watch, new_at, course.revision)
        except BaseException:
            course.forget()
            raise
        if written:
            course.note(written)

    def _are_new(self, spine: pl.DataFrame) -> bool:
        """Whether each row is as of later than every decision of its lead, so that none can have its id."""
        if not self._course.whole:
            return False
        moments = ((self._course.states[lead].moment, as_of) for lead, as_of in spine.select("lead_id", "as_of").rows())
        return all(moment is None or moment < as_of for moment, as_of in moments)

    def prepare(self) -> None:
        """Take the log and the leads into memory and import the engines: the first event need not wait for that."""
        now = revision(self._db)
        nobody = _spine([(Waiting("", "", None, naive(self._db.clock.now()), 0.0), 0)])
        score(self.chosen.model, self._look_up(nobody.select("lead_id", "as_of", "known_at"), quiet=False).features)
        self._homes = dict(self._arrivals.all_open(MOST_REMEMBERED))
        self._signals = now
        self._course.follow(self._store, self._db.revision("decisions"), ())

    def _look_up(self, keys: pl.DataFrame, *, quiet: bool) -> LookedUp:
        """What is known of each row."""
        if self._ready is None or perf_counter() - self._looked_at > AGAIN_SECONDS:
            self._look_around(keys)
        assert self._ready is not None
        whole, known = self._ready.look_up(keys, quiet=quiet)
        features, tiers = evidence.parted(whole)
        fresh = self._freshness(keys) if self._ageing else self._fresh * keys.height
        return LookedUp(features, known, fresh, tiers, units_of(self._deciding, keys))

    def _look_around(self, keys: pl.DataFrame) -> None:
        """What changes slowly, once a second: which attributes there are, and how fresh the sources are."""
        attributes = attribute_set(self._store, self.chosen.policy)
        if self._ready is None or self._ready.attributes != attributes:
            self._ready = Ready.of(self._db, self.chosen.feature_set, attributes)
        self._fresh = self._freshness(keys.sort("as_of").tail(1))
        self._looked_at = perf_counter()

    def _freshness(self, keys: pl.DataFrame) -> list[Freshness]:
        """How fresh the features of each row are; that of a source is the one at the newest row."""
        newest = keys.with_columns(pl.col("as_of", "known_at").max())
        return freshness.of_rows(self._db, self.chosen.feature_set, newest)


def _by_home(waiting: Iterable[Waiting], homes: Mapping[str, Home | None]) -> list[tuple[Waiting, int]]:
    """One entry a lead, with its newest event, and the lead's number."""
    found: dict[str, tuple[Waiting, int]] = {}
    for one in waiting:
        home = homes.get(one.lead_id)
        if home and (home[0] not in found or found[home[0]][0].received_at <= one.received_at):
            found[home[0]] = replace(one, lead_id=home[0]), home[1]
    return list(found.values())


def _spine(newest: Sequence[tuple[Waiting, int]]) -> pl.DataFrame:
    rows = [
        (one.lead_id, number, one.received_at + BEHIND, one.received_at + BEHIND, one.event_id, one.trace_id)
        for one, number in newest
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
