"""How many independent sources support a lead, in the record and before the policy; a source held back makes stale."""

from datetime import timedelta

import polars as pl
import pytest

from core.decisions.engine import decide
from core.decisions.evidence import WINDOW_DAYS
from core.decisions.store import DecisionStore
from core.policy import parser
from core.policy.default import propose, thresholds_from
from tests.decisions.conftest import AS_OF, lead_id

INPUT = "    evidence_tier: {type: int, min: 0, max: 9, required: false, typical: 2, source: engine.evidence_tier}\n"


def add_crm_event(store, lead_no, days_ago):
    moment = AS_OF - timedelta(days=days_ago)
    row = {
        "event_no": 90_000 + lead_no, "event_id": f"crm-{lead_no}", "lead_no": lead_no, "kind_no": 3,
        "occurred_at": moment, "received_at": moment, "schema_version": 1, "batch_id": "b-2",
    }  # fmt: skip
    with store.change("signals", "events.imported", "ana") as change:
        if not change.scalar("SELECT count(*) FROM event_kinds WHERE kind_no = 3"):
            change.execute("INSERT INTO event_kinds VALUES (3, 'crm', 'meeting')")
        change.insert("events", pl.DataFrame([row]))


@pytest.fixture
def records(store, feature_set, model, policy):
    def decided(leads, as_of=AS_OF):
        times = {"as_of": [as_of] * len(leads), "known_at": [as_of] * len(leads)}
        spine = pl.DataFrame({"lead_id": [lead_id(one) for one in leads], **times})
        decide(store, spine, feature_set=feature_set, model=model, policy=policy, arm="trial", actor="ana")
        return [DecisionStore(store).of(lead_id(one)) for one in leads]

    return decided


def test_the_tier_counts_the_sources_of_the_last_ninety_days(store, records):
    add_crm_event(store, 5, 3)
    add_crm_event(store, 6, WINDOW_DAYS + 1)
    assert [one.evidence_tier for one in records([4, 5, 6])] == [1, 2, 1]


def test_the_policy_may_ask_for_the_tier(store, feature_set, model):
    text = propose("default", thresholds_from(model.reference.probabilities), {"region": ["NA", "DACH", "APAC"]})
    asking = parser.load(text.replace("    model_ok:", INPUT + "    model_ok:", 1), "asking.yaml")
    spine = pl.DataFrame({"lead_id": [lead_id(5)], "as_of": [AS_OF], "known_at": [AS_OF]})
    decide(store, spine, feature_set=feature_set, model=model, policy=asking, arm="trial", actor="ana")
    assert DecisionStore(store).of(lead_id(5)).inputs["evidence_tier"] == 1


def test_what_reads_a_source_that_is_held_back_is_stale(store, records):
    with store.change("signals", "breaker.opened", "ana") as change:
        row = {"source": "web", "opened_at": AS_OF - timedelta(hours=1), "why": "nulls", "batch_id": "b-3"}
        change.insert("source_breakers", pl.DataFrame([row]))
    (held,) = records([5])
    assert {"views_7d", "demos", "pace"} <= set(held.stale_features)
    assert "employees" not in held.stale_features
