"""The Drift page: what moved, sources and tests, performance, feedback loops."""

from datetime import datetime

import polars as pl
import pytest

from app.queries import drift, performance
from core.monitoring import cohorts, loops
from core.monitoring import performance as judging
from core.monitoring.estimate import ASSUMPTION, estimate
from tests.app.pages import page
from tests.monitoring.test_performance import scored

BANDS = ["hot", "warm", "cold"]


def judged(model_hash: str) -> dict:
    rows = cohorts.with_cohort(scored(5, 1_200), "1w")
    young = pl.col("cohort") > datetime(2026, 2, 10)
    rows = rows.with_columns(pl.when(young & (pl.col("y") == 0)).then(None).otherwise("y").alias("y"))
    work = rows.select("lead_id", (pl.col("lead_id").str.slice(1).cast(pl.Int64) % 2 == 0).alias("worked"))
    real, guess = cohorts.realised(rows.drop_nulls("y"), 7), cohorts.estimated(estimate(rows, 7))
    return {
        "model": {"version": "1", "hash": model_hash},
        "horizon": "7d",
        "population": "test",
        "observed_until": "2026-03-01T00:00:00Z",
        "period": "1w",
        "rows": rows.height,
        "leads": rows.height,
        "labelled": rows.height - rows["y"].null_count(),
        "waiting": rows["y"].null_count(),
        "realised": real,
        "estimated": guess,
        "agreement": cohorts.agreement(real, guess),
        "assumption": ASSUMPTION,
        "cohorts": cohorts.cohorts(rows, 7 * 86_400_000_000, 7),
        "segments": judging.segments(rows, ["region"], ["hot"]),
        "inflation": judging.inflation(rows, BANDS),
        "loops": loops.compare(rows, work, BANDS),
        "alerts": [],
    }


def test_performance_draws_young_cohorts_and_says_what_cannot_be_known(demo_copy):
    at = page("drift", tab="Performance")
    assert any("No performance report yet" in one.value for one in at.markdown)
    model = demo_copy.rooms.models.champion()
    told = judged(model.model_hash)
    demo_copy.rooms.performance.add(told, model.model_hash, "sha256:0", "ana")
    at = page("drift", tab="Performance")
    young = sum(not one["is_mature"] for one in told["cohorts"])
    assert young and any(f"{young} of {len(told['cohorts'])} cohorts wait" in one.value for one in at.caption)
    kept = performance.newest()
    assert kept and {"region: north", "region: south"} <= set(performance.segments(kept)["where"])
    at = page("drift", tab="Feedback loops")
    said = [one.value for one in at.caption]
    assert any("held out or explored by chance" in one for one in said)
    assert any("were not worked" in one for one in said)


def test_sources_and_the_test_suite_stand_on_their_tab(demo_copy):
    report = drift.reports()[0]
    page("drift", tab="Sources and tests")
    assert {"web", "crm"} <= set(drift.sources(report)["source"])
    suite = drift.suite(report)
    assert (suite["state"] == "failed").sum() >= report.told["features_drifted"] > 0
    assert b"<testsuite " in drift.junit(report)


def test_the_leads_that_a_feature_moves_are_listed_by_name(demo_copy):
    report = drift.reports()[0]
    first = next(one for one in report.told["features"] if one["decisions_moved"])
    at = page("drift", f=first["name"])
    assert drift.moved(report, first["name"]).height == min(first["decisions_moved"], drift.MOST_LISTED)
    assert any("What to do about it" in one.value for one in at.markdown)
    assert {one.label for one in at.metric} >= {"Features drifted", "Decisions moved", "Expected wins lost"}


@pytest.mark.parametrize("reference", ["train", "not a window"])
def test_the_windows_are_in_the_address(demo_copy, reference):
    at = page("drift", ref=reference, cur="30d")
    assert [one.value for one in at.selectbox if one.label in ("Reference", "Current")] == [reference, "30d"]
