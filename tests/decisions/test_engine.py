"""From features to the decision record."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event

import polars as pl
import pytest

from core.decisions import record as records
from core.decisions.encoding import encode
from core.decisions.engine import DecisionBatch, decide
from core.decisions.record import NAMES, OUTSIDE_HASH
from core.decisions.spine import population
from core.decisions.store import DecisionStore
from core.features import parser
from core.kernel.canonical import canonical, digest
from core.kernel.ledger import merkle_root
from core.kernel.times import naive
from core.kernel.workers import Cancelled
from core.policy import evaluator
from core.policy import parser as policy_parser
from tests.decisions.conftest import AS_OF, FEATURES, NOW, lead_id

DAY = 86_400_000_000
CONTRACT = """decision_id, lead_id, trigger_event_id, as_of, known_at, decided_at, arm, bucket, step,
explored, engine_version, feature_set_hash, features, model_hash, margin, score, percentile, base, points,
fit, engagement, policy_hash, inputs, disposition, band, priority, prev_state, next_state, pool, assignee, sla_min,
action, reasons, errors, propensities, evidence_tier, stale_features, stage_us, trace_id, hash"""


@pytest.fixture
def deciders(feature_set, model, policy):
    return {"feature_set": feature_set, "model": model, "policy": policy, "arm": "trial", "actor": "ana"}


@pytest.fixture
def decided(store, deciders) -> DecisionBatch:
    return decide(store, population(store, as_of=AS_OF).spine, **deciders)


def test_every_open_lead_is_decided_once(store, decided):
    assert (decided.count, decided.added, decided.duplicate) == (180, 180, 0)
    assert sum(decided.dispositions.values()) == 180
    assert DecisionStore(store).latest().height == 180


def test_the_record_has_the_contracts_fields_in_their_order(store, decided):
    assert list(NAMES) == [name.strip() for name in CONTRACT.split(",")]
    record = DecisionStore(store).of(lead_id(1))
    assert list(record.to_json()) == list(NAMES)
    assert record.as_of == record.known_at == "2026-11-01T00:00:00Z"
    assert record.decided_at == "2026-11-24T09:00:00Z"


def test_the_stored_record_is_canonical_json_and_its_hash_leaves_out_stage_and_trace(store, decided):
    text, stored_hash = store.read("SELECT record, hash FROM decisions LIMIT 1").row(0)
    content = json.loads(text)
    assert canonical(content).decode() == text
    hashed = {name: value for name, value in content.items() if name not in OUTSIDE_HASH}
    assert digest(hashed) == stored_hash == content["hash"]


def test_base_and_points_sum_to_the_probability(store, decided, model):
    for text in store.read("SELECT record FROM decisions")["record"]:
        record = records.read(text)
        total = record.base + sum(points for _, points in record.points)
        assert round(total, 4) == pytest.approx(record.score, abs=1e-4)
        assert record.fit + record.engagement == pytest.approx(total - record.base, abs=1e-9)


def test_deciding_again_writes_nothing_and_counts_duplicates(store, decided, deciders):
    before = store.entries().height
    again = decide(store, population(store, as_of=AS_OF).spine, **deciders)
    assert (again.added, again.duplicate, again.count) == (0, 180, 180)
    assert again.bands == decided.bands
    assert store.entries().height == before


def test_another_arm_or_time_is_another_decision(store, decided, deciders):
    spine = population(store, as_of=AS_OF).spine
    assert decide(store, spine, **{**deciders, "arm": "live"}).added == 180
    assert decide(store, spine.with_columns(pl.col("as_of") + timedelta(days=1)), **deciders).added == 180


def test_each_batch_is_one_ledger_entry_with_the_merkle_root_of_its_record_hashes(store, deciders):
    batch = decide(store, population(store, as_of=AS_OF).spine, **deciders, batch_rows=50)
    entries = store.entries("decisions")
    assert entries["kind"].to_list() == ["decisions.recorded"] * 4
    for seq, body, root in zip(entries["seq"], entries["body"], batch.merkle_roots, strict=True):
        hashes = DecisionStore(store).leaves(seq)
        assert merkle_root([text.encode() for text in hashes]) == root == json.loads(body)["merkle_root"]
    assert store.verify().ok


def test_the_size_of_the_batches_changes_no_decision(store, deciders, tmp_path):
    spine = population(store, as_of=AS_OF, leads="all", every_us=10 * DAY, last_us=30 * DAY).spine
    decide(store, spine, **deciders, batch_rows=97)
    pieces = dict(store.read("SELECT decision_id, hash FROM decisions").rows())
    with store.change("decisions", "decisions.cleared", "test") as change:
        change.execute("DELETE FROM decisions")
    decide(store, spine, **deciders)
    assert dict(store.read("SELECT decision_id, hash FROM decisions").rows()) == pieces


def test_the_inputs_are_every_field_of_the_policy_and_give_the_outcome_again(store, decided, policy):
    serve = evaluator.compile(policy)
    for record in map(DecisionStore(store).of, [lead_id(n) for n in (1, 2, 3, 5)]):
        assert list(record.inputs) == sorted(policy.input_fields)
        assert record.inputs["region"] == ("NA", "DACH", "APAC")[int(record.lead_id[2:]) % 3]
        assert record.inputs["score"] == record.score
        assert serve.decide(record.inputs).pool == record.pool


def test_a_lead_attribute_goes_before_a_feature_of_the_same_name(store, decided):
    record = DecisionStore(store).of(lead_id(1))
    assert dict(record.features)["region"] == record.inputs["region"] == "DACH"


def test_an_event_received_later_than_known_at_changes_no_vector(store, deciders):
    known = datetime(2026, 10, 1)
    spine = pl.DataFrame({"lead_id": [lead_id(1)], "as_of": [AS_OF], "known_at": [known]})
    decide(store, spine, **deciders)
    assert dict(DecisionStore(store).of(lead_id(1)).features)["views_7d"] == 0


def test_a_history_carries_band_and_state_from_slice_to_slice(store, deciders):
    spine = population(store, as_of=AS_OF, every_us=DAY, last_us=10 * DAY).spine
    assert spine["as_of"].n_unique() == 10
    decide(store, spine, **deciders)
    history = [DecisionStore(store).get(one) for one in DecisionStore(store).history(lead_id(1))["decision_id"]]
    assert [record.inputs["prev_band"] for record in history] == ["none", *(one.band for one in history[:-1])]
    assert [record.prev_state for record in history] == ["new", *(one.next_state for one in history[:-1])]
    assert history[1].inputs["dwell_min"] == 24 * 60


def test_a_history_written_day_by_day_equals_one_written_at_once(store, deciders):
    spine = population(store, as_of=AS_OF, every_us=DAY, last_us=4 * DAY).spine
    decide(store, spine, **deciders)
    at_once = dict(store.read("SELECT decision_id, hash FROM decisions").rows())
    with store.change("decisions", "decisions.cleared", "test") as change:
        change.execute("DELETE FROM decisions")
    for day in spine["as_of"].unique().sort():
        decide(store, spine.filter(pl.col("as_of") == day), **deciders)
    assert dict(store.read("SELECT decision_id, hash FROM decisions").rows()) == at_once


def test_a_trial_does_not_move_a_lead_of_the_live_arm(store, deciders):
    decide(store, population(store, as_of=AS_OF).spine, **deciders)
    later = population(store, as_of=AS_OF + timedelta(days=1)).spine
    decide(store, later, **{**deciders, "arm": "live"})
    assert DecisionStore(store).of(lead_id(1)).inputs["prev_band"] == "none"


def test_the_decision_in_force_is_the_newest_not_after_the_moment(store, deciders):
    decide(store, population(store, as_of=AS_OF, every_us=DAY, last_us=5 * DAY).spine, **deciders)
    found = DecisionStore(store).at(lead_id(1), AS_OF - timedelta(hours=30))
    assert found.as_of == "2026-10-30T00:00:00Z"
    assert DecisionStore(store).at(lead_id(1), NOW).as_of == "2026-11-01T00:00:00Z"


def test_undated_leads_are_decided_without_a_time(store, deciders):
    spine = pl.DataFrame(
        {"lead_id": [lead_id(1), lead_id(2)], "as_of": [None, None], "known_at": [None, None]},
        schema={"lead_id": pl.String, "as_of": pl.Datetime("us"), "known_at": pl.Datetime("us")},
    )
    assert decide(store, spine, **deciders).added == 2
    record = DecisionStore(store).of(lead_id(1))
    assert record.as_of is None and record.inputs["prev_band"] == "none"


def test_the_contributions_view_has_one_row_a_feature_with_its_value(store, decided, model):
    record = DecisionStore(store).of(lead_id(1))
    rows = DecisionStore(store).contributions(record.decision_id)
    assert list(zip(rows["feature"], rows["points"], strict=True)) == [tuple(pair) for pair in record.points]
    vector = dict(record.features)
    assert dict(zip(rows["feature"], rows["value"], strict=True))["region"] == vector["region"]


def test_the_typed_columns_are_the_records_own_values(store, decided):
    row = store.read("SELECT * FROM decisions_latest ORDER BY lead_id LIMIT 1").row(0, named=True)
    record = records.read(row["record"])
    for name in ("score", "percentile", "fit", "band", "pool", "priority", "sla_min", "action", "next_state"):
        assert row[name] == getattr(record, name)
    assert json.loads(row["reasons"]) == [dict(reason) for reason in record.reasons]
    assert row["points"] == encode(record.points)


def test_the_state_of_a_lead_says_since_when(store, deciders):
    decide(store, population(store, as_of=AS_OF, every_us=DAY, last_us=10 * DAY).spine, **deciders)
    states = store.read("SELECT * FROM lead_states")
    assert states.height == 180
    assert states["as_of"].unique().to_list() == [AS_OF]
    assert states.filter(pl.col("band_since") > pl.col("as_of")).is_empty()
    assert naive(NOW) > states["state_since"].max()


def test_two_runs_at_once_write_each_decision_once(store, deciders):
    spine = population(store, as_of=AS_OF).spine
    with ThreadPoolExecutor(2) as pool:
        batches = list(pool.map(lambda _: decide(store, spine, **deciders, batch_rows=60), range(2)))
    assert sum(batch.added for batch in batches) == 180
    assert sum(batch.duplicate for batch in batches) == 180
    assert store.scalar("SELECT count(*) - count(DISTINCT decision_id) FROM decisions") == 0


def test_a_run_that_was_cancelled_says_what_stays_and_is_finished_by_the_next(store, deciders):
    spine, cancel = population(store, as_of=AS_OF, every_us=DAY, last_us=3 * DAY).spine, Event()
    with pytest.raises(Cancelled, match=f"200 of {spine.height:,} leads were decided and stay so"):
        decide(store, spine, **deciders, batch_rows=200, progress=lambda *_: cancel.set(), cancel=cancel)
    rest = decide(store, spine, **deciders, batch_rows=200)
    assert (rest.added, rest.duplicate) == (spine.height - 200, 200)
    pieces = dict(store.read("SELECT decision_id, hash FROM decisions").rows())
    with store.change("decisions", "decisions.cleared", "test") as change:
        change.execute("DELETE FROM decisions")
    decide(store, spine, **deciders)
    assert dict(store.read("SELECT decision_id, hash FROM decisions").rows()) == pieces


def test_missing_and_infinite_values_are_missing_in_the_record(store, deciders):
    with store.change("signals", "signals.changed", "test") as change:
        change.execute("UPDATE attributes SET number = 'inf' WHERE name = 'employees' AND lead_no = 1")
    decide(store, population(store, as_of=AS_OF).spine, **deciders)
    assert dict(DecisionStore(store).of(lead_id(1)).features)["employees"] is None


def test_a_feature_called_score_does_not_stand_in_for_the_score(store, deciders, feature_set, model):
    text = FEATURES + "  - {name: score, aggregate: count, window: 7d}\n"
    with_score = parser.read(text, "named.yaml")
    decide(store, population(store, as_of=AS_OF).spine, **{**deciders, "feature_set": with_score})
    record = DecisionStore(store).of(lead_id(1))
    assert record.inputs["score"] == record.score
    assert dict(record.features)["score"] != record.score


def test_a_lead_held_by_a_broken_contract_keeps_the_band_that_is_stored(store, decided, deciders, policy):
    typed = "    employees: {type: int, min: 0, max: 5}\n"
    broken = policy_parser.load(policy.text.replace("  fields:\n", f"  fields:\n{typed}", 1), "broken.yaml")
    later = population(store, as_of=AS_OF.replace(day=2)).spine
    before = {state.band for state in DecisionStore(store).before(later, "trial").values()}
    decide(store, later, **{**deciders, "policy": broken})
    held = DecisionStore(store).before(population(store, as_of=AS_OF.replace(day=3)).spine, "trial")
    assert {state.band for state in held.values()} == before
    assert {state.band_since for state in held.values()} == {AS_OF}
