"""A version on its way decides its units only, in batches and live, and the same units at every later step."""

from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter

import polars as pl
import pytest

from core.decisions.arrival import Chosen, Waiting
from core.decisions.arrival_split import decider_of
from core.decisions.exposure import Exposure, parts
from core.decisions.store import DecisionStore
from core.decisions.store_touches import TouchStore
from core.policy import parser
from core.policy.arms import bucket_of
from core.policy.default import propose
from tests.decisions.conftest import LEADS, lead_id

MOMENT = datetime(2026, 11, 1)


@pytest.fixture(scope="module")
def exposure(policy):
    candidate = parser.load(propose("default", {"hot": 0.7, "warm": 0.5, "nurture": 0.1}), "candidate.yaml")
    return Exposure(candidate, policy, "account_id", "ro-1", 1, 0.25, is_shadow=False)


def spine(leads: int = LEADS) -> pl.DataFrame:
    rows = {"lead_id": [lead_id(n) for n in range(leads)], "known_at": [MOMENT] * leads}
    return pl.DataFrame(rows, schema={"lead_id": pl.String, "known_at": pl.Datetime("us")})


def capped(policy):
    """The policy with caps that nobody reaches: the engine counts touches for it."""
    caps = "  otherwise: wait\n  caps: {per_lead_7d: 90, per_account_7d: 900}\n"
    return parser.load(policy.text.replace("  otherwise: wait\n", caps, 1), "capped.yaml")


def members(db, exposure) -> set[str]:
    return {lead for part in parts(db, spine(), exposure) if part.arm == "canary" for lead in part.spine["lead_id"]}


def test_a_larger_step_keeps_who_was_in_a_smaller_one(store, exposure):
    with store.change("signals", "signals.imported", "ana") as change:
        change.execute("INSERT INTO accounts SELECT range, 'acc-' || range FROM range(40)")
        columns = "lead_no, lead_no % 40, NULL, TIMESTAMP '2026-09-01', 'leads', 'b-1'"
        change.execute(f"INSERT INTO lead_accounts SELECT {columns} FROM leads")
    few, more = members(store, exposure), members(store, replace(exposure, share=0.5))
    assert few < more and len(more) < LEADS
    by_account = {lead: bucket_of("ro-1", f"acc-{int(lead[2:]) % 40}") for lead in few}
    assert all(bucket < 2500 for bucket in by_account.values())
    assert members(store, exposure) == few
    assert members(store, replace(exposure, salt="ro-2")) != few


def test_live_leads_are_decided_by_the_version_of_their_unit_and_a_shadow_is_acted_on_by_nobody(
    store, feature_set, model, policy, exposure
):
    waiting = [Waiting(lead_id(n), f"e-{n}", None, MOMENT, perf_counter()) for n in range(1, 60) if n % 4]
    by_lead = replace(exposure, unit="lead_id")
    for told, arms in ((by_lead, {"live", "canary"}), (replace(by_lead, is_shadow=True, step=0), {"live", "shadow"})):
        decider = decider_of(store, Chosen(feature_set, model, exposure.candidate, "live", True, told))
        done = decider.decide(waiting)
        assert len(done.decided) == len(waiting)
        rows = store.read("SELECT lead_id, arm, step, policy_hash FROM decisions WHERE step = ?", [told.step])
        assert set(rows["arm"]) == arms and rows.height >= len(waiting)
        for lead, arm, _, policy_hash in rows.iter_rows():
            inside = bucket_of("ro-1", lead) < 2500
            assert (policy_hash == exposure.candidate.content_hash) == (arm in ("canary", "shadow"))
            assert told.is_shadow or (arm == "canary") == inside
    assert "shadow" not in store.read("SELECT DISTINCT arm FROM decisions_latest")["arm"].to_list()


@pytest.mark.parametrize(("is_shadow", "arms"), [(False, ["live", "canary"]), (True, ["live", "shadow"])])
def test_two_versions_at_work_do_not_make_each_other_read_all_leads_or_touches_again(
    store, feature_set, model, policy, exposure, monkeypatch, is_shadow, arms
):
    before, candidate = (capped(one) for one in (exposure.before, exposure.candidate))
    told = Exposure(candidate, before, "lead_id", "ro-1", 0 if is_shadow else 1, 0.25, is_shadow)
    decider = decider_of(store, Chosen(feature_set, model, candidate, "live", True, told))
    counted, since = [], TouchStore.since
    monkeypatch.setattr(TouchStore, "since", lambda *asked: counted.append(asked[2]) or since(*asked))
    read, leads, standing = [], [lead_id(n) for n in range(1, 40) if n % 4], DecisionStore.standing
    monkeypatch.setattr(DecisionStore, "standing", lambda *asked: read.append(asked[1]) or standing(*asked))
    moments = [MOMENT + timedelta(minutes=minute) for minute in (0, 1, 2)]
    for moment in moments:
        decider.decide([Waiting(lead, f"{lead} {moment}", None, moment, perf_counter()) for lead in leads])
    assert sorted(read) == (sorted(arms) if is_shadow else ["live"])
    assert len(counted) == len(read)
    sql = """SELECT lead_id, prev_state, next_state, record->>'$.inputs.touches_7d' AS touches, action <> 'wait' AS acts
        FROM decisions WHERE list_contains($arms, arm) ORDER BY lead_id, as_of"""
    for course in [["live", "canary"], ["shadow"]] if is_shadow else [arms]:
        rows = store.read(sql, {"arms": course})
        after = rows.select(pl.col("next_state").shift(1).over("lead_id")).to_series()
        later = after.is_not_null()
        assert later.sum() >= len(leads) * 2 and rows["prev_state"].filter(later).equals(after.filter(later))
        acted = pl.col("acts").fill_null(False).cast(pl.Int32).cum_max().shift(1, fill_value=0).over("lead_id")
        assert rows.select(acted).to_series().sum() > 0
        assert rows["touches"].cast(pl.Int32).equals(rows.select(acted).to_series())
