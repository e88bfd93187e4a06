"""The online state, the batch build and the oracle agree whatever happens to a log; decayed values to 1e-9."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from core.features.engine import build, resolve
from core.features.online import OnlineFeatures
from core.features.parser import read
from tests.features.growing import GrowingStore
from tests.features.logs import spine_of
from tests.features.oracle import Log, compute
from tests.features.random_features import definitions, document
from tests.features.random_logs import DAY, HOUR, LEADS, START, log_of, rows_of
from tests.features.test_engine_equals_oracle import same

SEEDS = st.integers(0, 2**32)
MOMENTS = st.integers(0, 160).map(lambda place: START + place * 6 * HOUR)
SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


class Life(RuleBasedStateMachine):
    """Rows come in any order, are corrected, leads are merged and separated; between that it is asked."""

    db, size, features = None, 14, 16

    @initialize(seed=SEEDS)
    def begin(self, seed):
        self.store, self.parts, self.known = GrowingStore(self.db), 0, START
        self.grow(seed)
        feature_set = read(document(definitions(seed, self.features)), "random.yaml")
        self.feature_set = resolve(self.db, feature_set)
        self.online = OnlineFeatures(self.db, self.feature_set)

    @rule(seed=SEEDS)
    def grow(self, seed):
        """Rows of any time come: late ones, repeated ones under another id, values of attributes, memberships."""
        log = log_of(seed, self.size)
        self.parts += 1
        events = tuple(replace(one, event_id=f"{one.event_id}_{self.parts}") for one in log.events)
        self.store.add(
            Log(events, log.memberships[:3], tuple(one for one in log.attributes[:4] if one.lead_id != "L0"))
        )

    @rule(place=st.integers(0, 10**6), at=st.none() | MOMENTS)
    def correct(self, place, at):
        if self.store.log.events:
            self.store.supersede(self.store.log.events[place % len(self.store.log.events)], at)

    @rule(lead=st.sampled_from(LEADS), into=st.sampled_from(LEADS), after=st.integers(0, 10))
    def merge(self, lead, into, after):
        self.known += after * DAY
        self.store.merge(lead, into, self.known)

    @rule(lead=st.sampled_from(LEADS), after=st.integers(0, 10))
    def unmerge(self, lead, after):
        self.known += after * DAY
        self.store.unmerge(lead, self.known)

    @rule(seed=SEEDS)
    def ask(self, seed):
        self.online.catch_up()
        rows = rows_of(seed, 3)
        self.compare(rows, self.online.vectors(spine_of(rows)))

    def teardown(self):
        self.online.catch_up()
        rows = rows_of(self.parts, 6)
        frames = [self.online.vectors(spine_of(rows)), build(self.db, self.feature_set, spine_of(rows))]
        assert frames[0].schema == frames[1].schema
        self.compare(rows, *frames)

    def compare(self, rows, *frames):
        for place, row in enumerate(rows):
            log, asked = self.store.seen(row)
            for feature in self.feature_set.features:
                want = compute(log, feature, asked)
                got = [frame[feature.name][place] for frame in frames]
                assert all(same(feature, value, want) for value in got), (feature.content(), row, got, want)


def live(db, examples, steps, derandomize=False, **sizes):
    kind = type("LifeOfOneStore", (Life,), {"db": db, **sizes})
    run_state_machine_as_test(
        kind, settings=settings(SETTINGS, max_examples=examples, stateful_step_count=steps, derandomize=derandomize)
    )


def test_online_batch_and_oracle_agree_whatever_happens(db):
    live(db, 25, 6, derandomize=True)


@pytest.mark.campaign
def test_online_batch_and_oracle_agree_in_a_long_campaign(db):
    live(db, 2_000, 12, size=40, features=30)
