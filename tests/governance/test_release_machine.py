"""Whatever people do, in whatever order: one version decides, others approved it or it expires, and it is on record."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.governance import keeping
from core.governance.duties import report
from core.governance.releases import Releases
from core.governance.users import Users
from core.kernel.database import Database
from core.kernel.errors import LeadbenchError
from core.policy.states import State
from tests.governance.conftest import TickingClock, document, prove_once

HOTS = (0.6, 0.7, 0.8)
PEOPLE = ("ana", "rita", "rob", "vic")
PLAN = "rollout: {strategy: canary, unit: lead_id, salt: s, steps: [{pct: 10}]}\n"


class Release(RuleBasedStateMachine):
    """Four people and a clock at one policy; refusals are answers, anything else is a fault."""

    @initialize()
    def begin(self):
        self.patch = pytest.MonkeyPatch()
        prove_once(self.patch)
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database.open(Path(self.folder.name) / "store", TickingClock())
        users = Users(self.database)
        users.ensure_defaults()
        for name, role in (("rob", "reviewer"), ("vic", "viewer")):
            users.add(name, role, "root")
        self.releases = Releases(self.database)
        self.refs = []

    def teardown(self):
        if hasattr(self, "database"):
            self.database.close()
            self.folder.cleanup()
            self.patch.undo()

    def tried(self, step):
        try:
            return step()
        except LeadbenchError as refusal:
            assert refusal.code and refusal.message
            return None

    @rule(hot=st.sampled_from(HOTS), planned=st.booleans(), who=st.sampled_from(PEOPLE))
    def submit(self, hot, planned, who):
        text = document(hot=hot, risk="low") + (PLAN if planned else "")
        found = self.tried(lambda: self.releases.submit(text, "m.yaml", who))
        if found and found.version.ref not in self.refs:
            self.refs.append(found.version.ref)

    @precondition(lambda self: self.refs)
    @rule(data=st.data(), who=st.sampled_from(PEOPLE))
    def approve(self, data, who):
        self.tried(lambda: self.releases.approve(data.draw(st.sampled_from(self.refs)), who))

    @precondition(lambda self: self.refs)
    @rule(data=st.data(), who=st.sampled_from(PEOPLE))
    def publish(self, data, who):
        self.tried(lambda: self.releases.publish(data.draw(st.sampled_from(self.refs)), who, "agreed"))

    @precondition(lambda self: self.refs)
    @rule(data=st.data(), who=st.sampled_from(PEOPLE))
    def send_back(self, data, who):
        self.tried(lambda: self.releases.request_changes(data.draw(st.sampled_from(self.refs)), who, "say why"))

    @precondition(lambda self: self.refs)
    @rule(data=st.data(), who=st.sampled_from(PEOPLE))
    def break_glass(self, data, who):
        ref = data.draw(st.sampled_from(self.refs))
        self.tried(lambda: self.releases.emergencies.break_glass(ref, who, "fire", "1h"))

    @precondition(lambda self: self.refs)
    @rule(data=st.data(), who=st.sampled_from(PEOPLE))
    def schedule(self, data, who):
        ref, due = data.draw(st.sampled_from(self.refs)), self.releases.clock.now() + timedelta(hours=1)
        self.tried(lambda: self.releases.later(ref, who, "at night", due))

    @rule(who=st.sampled_from(PEOPLE))
    def roll_back(self, who):
        self.tried(lambda: self.releases.rollback("inbound", who, "not good"))

    @rule(who=st.sampled_from(PEOPLE))
    def advance(self, who):
        self.tried(lambda: self.releases.rollouts.advance("inbound", who, "fine"))

    @rule(hours=st.sampled_from((0, 1, 5)))
    def time_passes(self, hours):
        self.releases.clock.moment += timedelta(hours=hours)
        keeping.keep(self.releases)

    @invariant()
    def one_version_decides_and_it_may(self):
        if not hasattr(self, "releases"):
            return
        active = self.releases.policies.active_hash("inbound")
        published = [one for one in self.releases.policies.history() if one.state is State.PUBLISHED]
        assert [one.content_hash for one in published] == ([active] if active else [])
        exposure = self.releases.rollouts.exposure("inbound")
        assert exposure is None or exposure.candidate.content_hash == active
        told = report(self.database)
        assert told["violations"] == []
        if active and not self.releases.emergencies.is_open(active):
            kinds = {one.kind for one in self.releases.policies.actions(active)}
            assert "published" in kinds
        assert self.database.verify().ok


def campaign(examples: int, steps: int) -> None:
    told = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Release, settings=told)


def test_a_few_courses_of_release_keep_the_rules():
    campaign(4, 12)


@pytest.mark.campaign
def test_many_courses_of_release_keep_the_rules():
    campaign(150, 40)
