"""The Drift page: what moved, sources and tests, performance, feedback loops."""

from datetime import datetime

import polars as pl
import pytest

from app.components import chart, rows_behind
from app.queries import drift, performance
from app.queries import judged as behind
from core.kernel.times import from_text, naive
from core.monitoring import cohorts, loops
from core.monitoring import judged as kept
from core.monitoring import performance as judging
from core.monitoring.estimate import ASSUMPTION, estimate
from tests.app.pages import page
from tests.monitoring.test_performance import scored

BANDS = ["hot", "warm", "cold"]


def measured(model_hash: str) -> tuple[dict, pl.DataFrame]:
    rows = cohorts.with_cohort(scored(5, 1_200), "1w")
    young = pl.col("cohort") > datetime(2026, 2, 10)
    rows = rows.with_columns(pl.when(young & (pl.col("y") == 0)).then(None).otherwise("y").alias("y"))
    work = rows.select("lead_id", (pl.col("lead_id").str.slice(1).cast(pl.Int64) % 2 == 0).alias("worked"))
    real, guess = cohorts.realised(rows.drop_nulls("y"), 7), cohorts.estimated(estimate(rows, 7))
    told = {
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
        "segments": judging.segments(kept.mature(rows), ["region"], ["hot"]),
        "inflation": judging.inflation(rows, BANDS),
        "loops": loops.compare(rows, work, BANDS),
        "alerts": [],
    }
    return told, kept.kept(rows, work, ["region"])


def clicked(monkeypatch, moment: str):
    """The page after a click on the point of that period in the figure of ranking."""
    with monkeypatch.context() as patch:
        patch.setattr(chart, "show", lambda figure, key, **told: [{"customdata": moment}] if "auc" in key else [])
        return page("drift", tab="Performance")


def opens_what_it_counts(report: performance.Performance, told: dict) -> None:
    """Every cohort, segment, band, group and index opens as many rows as it says."""
    for one in told["cohorts"]:
        rows = behind.of_cohort(report, naive(from_text(one["from"])))
        assert (rows.height, rows["y"].is_not_null().sum()) == (one["rows"], one["labelled"])
    for one in told["segments"]:
        rows = behind.of_where(report, kept.level(one["name"], one["level"]))
        assert (rows.height, rows["y"].sum()) == (one["leads"], one["wins"])
    for place, band in enumerate(told["inflation"]):
        for one in band["periods"]:
            rows = behind.of_bands(report, naive(from_text(one["from"])), BANDS[: place + 1])
            assert rows.height == one["inside"]
    for one in told["loops"]["groups"]:
        assert behind.of_group(report, performance.GROUPS[one["group"]]).height == one["leads"]
    for one in told["loops"]["self_fulfilment"]:
        rows = behind.of_index(report, one["band"], naive(from_text(one["from"])))
        assert (rows["worked"].sum(), rows.height) == (one["worked"], one["worked"] + one["others"])


def test_performance_draws_young_cohorts_opens_its_rows_and_says_what_cannot_be_known(demo_copy, monkeypatch):
    at = page("drift", tab="Performance")
    assert any("No performance report yet" in one.value for one in at.markdown)
    model = demo_copy.rooms.models.champion()
    told, rows = measured(model.model_hash)
    store, about = demo_copy.rooms.performance, (model.model_hash, "sha256:0", "ana")
    report_id = store.add(told, *about)
    assert store.judged(report_id).is_empty(), "as of a report from before rows were kept"
    assert any(rows_behind.NOT_KEPT in one.value for one in clicked(monkeypatch, "2026-01-05T00:00:00").caption)
    entries = demo_copy.db.verify().entries
    assert store.add(told, *about, rows) == report_id == store.add(told, *about, rows)
    assert store.judged(report_id).equals(rows) and demo_copy.db.verify().entries == entries + 1
    at = page("drift", tab="Performance")
    young = sum(not one["is_mature"] for one in told["cohorts"])
    assert young and any(f"{young} of {len(told['cohorts'])} cohorts wait" in one.value for one in at.caption)
    report = performance.newest()
    assert report and {"region: north", "region: south"} <= set(performance.segments(report)["where"])
    opens_what_it_counts(report, told)
    table = next(one.value for one in clicked(monkeypatch, "2026-01-05T00:00:00").dataframe if "came" in one.value)
    assert len(table) == next(one["rows"] for one in told["cohorts"] if one["from"].startswith("2026-01-05"))
    first = told["loops"]["self_fulfilment"][0]
    with monkeypatch.context() as patch:
        row = {"band": first["band"], "at": naive(from_text(first["from"])), "index": 0.4, "low": 0.1, "high": 0.6}
        patch.setattr(performance, "fulfilment", lambda report: pl.DataFrame([row]))
        point = {"customdata": first["from"].removesuffix("Z"), "curve_number": 0}
        patch.setattr(chart, "show", lambda figure, key, **told: [point] if "fulfilment" in key else [])
        at = page("drift", tab="Feedback loops")
    compared = next(one.value for one in at.dataframe if "came" in one.value)
    assert len(compared) == first["worked"] + first["others"] > 0
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
