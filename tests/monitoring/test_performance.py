"""Performance: what is expected without labels, what came, and for whom the errors differ."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from core.kernel.clock import FixedClock
from core.kernel.database import Database
from core.models.worked import WEIGHT, standing_for_all, with_weights
from core.monitoring import cohorts, performance
from core.monitoring.estimate import estimate
from core.monitoring.judged import COLUMNS
from core.monitoring.store_performance import PerformanceStore

START = datetime(2026, 1, 1)


def scored(seed: int, leads: int, *, weeks: int = 8, truth: float = 1.0) -> pl.DataFrame:
    """Leads scored over weeks; their odds of winning are the score's to the power of `truth` (1: calibrated)."""
    chance = np.random.default_rng(seed)
    p = chance.beta(1.2, 6.0, leads)
    odds = (p / (1 - p)) ** truth * 0.15 ** (1 - truth)
    won = chance.random(leads) < odds / (1 + odds)
    return pl.DataFrame(
        {
            "lead_id": [f"l{number}" for number in range(leads)],
            "as_of": [START + timedelta(days=float(day)) for day in chance.uniform(0, 7 * weeks, leads)],
            "p": p,
            "y": won.astype(np.int8),
            "band": np.where(p > 0.3, "hot", np.where(p > 0.15, "warm", "cold")),
            "region": np.where(chance.random(leads) < 0.5, "north", "south"),
        }
    )


def weekly(rows: pl.DataFrame) -> pl.DataFrame:
    return cohorts.with_cohort(rows, "1w")


def judged(rows: pl.DataFrame) -> dict[str, str]:
    return cohorts.agreement(cohorts.realised(rows, 7), cohorts.estimated(estimate(rows, 7)))


def test_calibrated_scores_foretell_what_their_labels_will_show():
    inside = [judged(scored(seed, 1_500)) for seed in range(12)]
    for figure in ("auc", "brier", "win_rate"):
        assert sum(found[figure] == "inside" for found in inside) >= 10


def test_scores_that_no_longer_mean_anything_fall_below_their_own_estimate():
    found = scored(3, 1_500, truth=0.0)
    assert judged(found)["auc"] == "below"


def test_three_rows_are_not_enough_and_none_is_no_estimate():
    few = scored(1, 400).head(3)
    assert set(judged(few).values()) == {"not_enough_data"} and estimate(few.head(0), 7) is None


def test_rows_of_one_lead_share_its_fate_so_the_interval_is_that_of_leads():
    once = scored(2, 300)
    alone, repeated = estimate(once, 7), estimate(pl.concat([once] * 5), 7)
    assert alone and repeated
    widths = [found.win_rate_interval[1] - found.win_rate_interval[0] for found in (alone, repeated)]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def test_a_cohort_whose_labels_are_still_to_come_is_there_and_not_mature():
    rows = weekly(scored(1, 2_000, weeks=4))
    young = pl.col("cohort") == rows["cohort"].max()
    rows = rows.with_columns(pl.when(young & (pl.col("y") == 0)).then(None).otherwise("y").alias("y"))
    *old, last = cohorts.cohorts(rows, 7 * 86_400_000_000, 7)
    assert all(one["is_mature"] and one["realised"]["auc"] > 0.6 for one in old)
    assert not last["is_mature"] and last["estimated"]["auc"] > 0.6 and last["matures_at"] > last["from"]


def test_the_delay_of_labels_counts_from_the_first_score():
    rows = scored(1, 3).with_columns(as_of=pl.lit(START))
    closed = pl.DataFrame({"lead_id": ["l0", "l1"], "at": [START + timedelta(days=4), START + timedelta(days=10)]})
    assert cohorts.label_delay(rows, closed) == {"median_days": 7.0, "p90_days": 9.4}
    assert cohorts.label_delay(rows, closed.head(0)) == {"median_days": None, "p90_days": None}


def test_a_segment_where_nobody_wins_as_foretold_differs_and_chance_alone_does_not():
    rows = scored(4, 3_000)
    same = performance.segments(rows, ["region"], ["hot"])
    assert {one["verdict"] for one in same} == {"alike"} and all(one["missed_ci95"] for one in same)
    south = (pl.col("region") == "south") & (pl.col("lead_id").str.slice(1).cast(pl.Int64) % 3 > 0)
    worse = rows.with_columns(pl.when(south).then(0).otherwise("y").alias("y"))
    found = {one["level"]: one for one in performance.segments(worse, ["region"], ["hot"])}
    assert found["south"]["verdict"] == "differs" and "gap" in found["south"]["differs_in"]
    assert found["south"]["gap_ci95"][1] < 0


def test_a_segment_of_few_leads_is_not_judged():
    rows = scored(5, 1_000).with_columns(region=pl.Series(["rare"] * 20 + ["north"] * 980))
    found = {one["level"]: one["verdict"] for one in performance.segments(rows, ["region"], ["hot"])}
    assert found == {"north": "not_enough_data", "rare": "not_enough_data"}


def filling(share_step: float, win_step: float, weeks: int = 8) -> pl.DataFrame:
    chance, frames = np.random.default_rng(9), []
    for week in range(weeks):
        hot = chance.random(400) < 0.1 + share_step * week
        won = chance.random(400) < np.where(hot, 0.5 + win_step * week, 0.1)
        frames.append(
            pl.DataFrame(
                {
                    "lead_id": [f"w{week}l{number}" for number in range(400)],
                    "cohort": [START + timedelta(weeks=week)] * 400,
                    "band": np.where(hot, "hot", "cold"),
                    "y": won.astype(np.int8),
                }
            )
        )
    return pl.concat(frames)


@pytest.mark.parametrize(
    ("steps", "verdict"), [((0.04, -0.05), "inflated"), ((0.04, 0.0), "steady"), ((-0.005, -0.05), "steady")]
)
def test_a_band_is_inflated_where_it_fills_up_while_its_conversion_falls(steps, verdict):
    hot, cold = performance.inflation(filling(*steps), ["hot", "cold"])
    assert hot["verdict"] == verdict and len(hot["periods"]) == 8
    assert cold["verdict"] == "not_enough_data"


def test_three_periods_say_nothing_of_inflation_and_young_ones_do_not_count():
    assert performance.inflation(filling(0.04, -0.05, weeks=3), ["hot"])[0]["verdict"] == "not_enough_data"
    rows = filling(0.04, -0.05)
    late = pl.col("cohort") > START + timedelta(weeks=2)
    waiting = rows.with_columns(pl.when(late).then(None).otherwise("y").alias("y"))
    found = performance.inflation(waiting, ["hot"])[0]
    assert found["verdict"] == "not_enough_data" and not found["periods"][-1]["is_mature"]


def test_a_cohort_whose_labels_are_all_to_come_is_told_where_rows_weigh():
    rows = scored(3, 100, weeks=1).with_columns(pl.lit(None, dtype=pl.Int8).alias("y"), pl.lit(1.0).alias(WEIGHT))
    (told,) = cohorts.cohorts(cohorts.with_cohort(rows, "1mo"), 1_000, 7)
    assert (told["labelled"], told["is_mature"], told["realised"]) == (0, False, None)
    assert told["estimated"]["rows"] == 100


def test_a_cohort_with_few_of_a_class_tells_all_but_its_ranking_weighted_or_not_and_says_why():
    rows = scored(3, 200, weeks=1).with_columns((pl.int_range(pl.len()) < 3).cast(pl.Int8).alias("y"))
    heavy = rows.with_columns((1.0 + pl.int_range(pl.len()) % 2).alias(WEIGHT))
    for side, rate in ((rows, 3 / 200), (heavy, 4 / 300)):
        (told,) = cohorts.cohorts(cohorts.with_cohort(side, "1mo"), None, 7)
        real = told["realised"]
        assert told["untold"] == "few_wins" and real["auc"] is real["auc_ci95"] is None
        assert real["win_rate"] == pytest.approx(rate) and real["ece"] > 0.01 < real["win_rate_ci95"][1]
    lost = heavy.with_columns(y=pl.lit(1, pl.Int8))
    assert cohorts.untold(lost) == "few_losses" and cohorts.realised(lost, 7)["win_rate"] == 1.0
    few = heavy.with_columns(pl.when(pl.int_range(pl.len()) < 9).then(50.0).otherwise(0.02).alias(WEIGHT))
    assert cohorts.untold(few) == "few_rows" == cohorts.untold(rows.head(0)) and cohorts.realised(few, 7) is None
    assert cohorts.untold(scored(3, 200)) is None


def test_a_cohort_ripens_by_all_its_leads_though_the_worked_ones_stand_for_them():
    whole = scored(3, 200, weeks=1).with_columns(
        pl.when(pl.int_range(pl.len()) >= 185).then(None).otherwise("y").alias("y"), cohort=pl.lit(START)
    )
    worked = whole.filter(pl.int_range(pl.len()) % 5 == 0).with_columns(pl.lit(1.0).alias(WEIGHT))
    rows = standing_for_all(with_weights(whole, worked, 0.2))
    (alone,), (told,) = cohorts.cohorts(rows, None, 7), cohorts.cohorts(rows, None, 7, whole)
    assert not alone["is_mature"] and told["is_mature"] and told["labelled"] == 37 == told["rows"] - 15
    assert rows.filter(pl.col("y").is_null())[WEIGHT].unique().to_list() == [0.2]


def test_numbers_that_come_back_are_the_newest_again_and_the_same_ones_are_kept_once(tmp_path):
    judged = pl.DataFrame({"lead_id": ["c-1"], "p": [0.4], "levels": [[]]}, schema_overrides=COLUMNS)
    made = []
    with Database.open(tmp_path / "store", FixedClock(datetime(2026, 9, 1, tzinfo=UTC))) as db:
        store = PerformanceStore(db)
        for day, rows in enumerate((1, 2, 1, 1), 1):
            db.clock = FixedClock(datetime(2026, 9, day, tzinfo=UTC))
            told = {"population": "test", "rows": rows, "alerts": []}
            made.append(store.add(told, "model", "policy", "ana", judged))
            assert store.newest("model") == told and store.judged(made[-1]).height == 1
        first, other, again, same = made
        assert len({first, other, again}) == 3 and same == again
        assert store.all()["report_id"].to_list() == [again, other, first]
        assert store.judged(first).is_empty(), "the rows of the last judged alone"
