from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as oracle

from core.models import metrics
from core.models.curves import calibration_table, lift_table, precision_table
from core.models.errors import EvaluationImpossible
from core.models.evaluation import (
    base_rate_brier,
    evaluate,
    held_out_auc,
    recency_auc,
)
from core.models.ranking import auc, single_column_auc
from core.models.scoring import probabilities
from core.models.split import SplitSpec, split
from core.models.training import TrainConfig
from core.models.worked import WEIGHT
from tests.models.samples import FEATURES, synthetic

SHORT = TrainConfig(trees=20, learning_rate=0.1)


def drawn(rows: int = 800, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    p = chance.random(rows).round(2)
    return (chance.random(rows) < p).astype(float), p


@pytest.fixture(scope="module")
def scored(model, frame) -> pl.DataFrame:
    return frame.with_columns(pl.Series("probability", probabilities(model, frame)))


def test_figures_agree_with_scikit_learn():
    y, p = drawn()
    assert auc(y, p) == pytest.approx(oracle.roc_auc_score(y, p), abs=1e-12)
    assert metrics.average_precision(y, p) == pytest.approx(oracle.average_precision_score(y, p), abs=1e-12)
    assert metrics.brier(y, p) == pytest.approx(oracle.brier_score_loss(y, p), abs=1e-12)
    assert metrics.log_loss(y, np.clip(p, 0.01, 0.99)) == pytest.approx(
        oracle.log_loss(y, np.clip(p, 0.01, 0.99)), abs=1e-12
    )


def test_lift_counts_a_tie_at_the_edge_in_part():
    y, p = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.5, 0.5, 0.1])
    assert metrics.lift_at(y, p, 0.25) == pytest.approx(2.0)
    assert metrics.lift_at(y, p, 0.5) == pytest.approx((1 + 0.5) / 2 / 0.5)
    assert metrics.lift_at(y, np.full(4, 0.3), 0.1) == pytest.approx(1.0)


def test_a_calibrated_probability_has_a_small_error_and_a_shifted_one_a_large():
    y, p = drawn(5000)
    assert metrics.calibration_error(y, p) < 2 * metrics.calibration_noise(y)
    assert metrics.calibration_error(y, p / 2) > 0.2


def test_the_interval_is_wider_where_rows_of_one_lead_repeat_each_other():
    y, p = drawn(300)
    single = metrics.auc_interval(y, p, np.arange(300), 1, 300)
    repeated = metrics.auc_interval(np.tile(y, 5), np.tile(p, 5), np.tile(np.arange(300), 5), 1, 300)
    naive = metrics.auc_interval(np.tile(y, 5), np.tile(p, 5), np.arange(1500), 1, 300)
    assert repeated == pytest.approx(single, abs=1e-12)
    assert naive[1] - naive[0] < 0.7 * (repeated[1] - repeated[0])
    assert single[0] < auc(y, p) < single[1]


def test_the_same_seed_gives_the_same_interval():
    y, p = drawn(200)
    assert metrics.auc_interval(y, p, np.arange(200), 5, 50) == metrics.auc_interval(y, p, np.arange(200), 5, 50)


def test_only_test_rows_are_evaluated(scored):
    found = evaluate(scored, rounds=50)
    assert found.rows == found.leads == int((scored["part"] == "test").sum())
    assert found.auc > 0.7
    assert found.auc_ci95[0] < found.auc < found.auc_ci95[1]
    assert [mark.after for mark in found.by_landmark] == ["1h", "7d"]
    assert sum(mark.rows for mark in found.by_landmark) == found.rows


def test_rows_whose_window_is_over_are_told_by_themselves():
    y, p = drawn(600)
    known = [datetime(2026, 3, 1) if late else datetime(2026, 1, 1) for late in (np.arange(600) >= 400)]
    tested = {"lead_id": [str(n) for n in range(600)], "landmark": "1d", "part": "test", "label_known_at": known}
    frame = pl.DataFrame({**tested, "y": y, "probability": p})
    found = evaluate(frame, rounds=20, observed_until=datetime(2026, 2, 1, tzinfo=UTC)).matured
    assert found is not None
    assert (found.rows, found.leads, found.positives) == (400, 400, int(y[:400].sum()))
    assert found.auc == pytest.approx(oracle.roc_auc_score(y[:400], p[:400]), abs=1e-12)
    assert evaluate(frame, rounds=20, observed_until=datetime(2026, 4, 1, tzinfo=UTC)).matured is None


def test_figures_are_plain_json_values(scored):
    figures = evaluate(scored, rounds=10).figures()
    assert isinstance(figures["auc_ci95"], list)
    assert figures["by_landmark"][0]["after"] == "1h"
    assert "calibration" not in figures


def test_one_class_in_the_test_rows_is_refused(scored):
    with pytest.raises(EvaluationImpossible, match="`0` are positive"):
        evaluate(scored.with_columns(pl.lit(0).alias("y")))


def test_a_landmark_with_one_class_has_no_auc(scored):
    mixed = scored.with_columns(pl.when(pl.col("landmark") == "1h").then(0).otherwise("y").cast(pl.Int8).alias("y"))
    assert [mark.auc is None for mark in evaluate(mixed, rounds=10).by_landmark] == [True, False]


def test_a_moved_base_rate_and_poor_calibration_are_warned_about(scored):
    tested = pl.col("part") == "test"
    losing = scored.filter(~tested | (pl.col("y") == 0) | (pl.int_range(pl.len()) % 4 == 0))
    assert "base_rate_shift" in {caution.code for caution in evaluate(losing, rounds=10).cautions}
    shrunk = scored.with_columns(pl.col("probability") / 3)
    assert "poorly_calibrated" in {caution.code for caution in evaluate(shrunk, rounds=10).cautions}
    assert evaluate(scored, rounds=10).cautions == ()


def test_rows_that_weigh_are_warned_of_by_their_weight():
    """Half of the winners are there twice as often as they should: what their weights make good is no miss."""
    y, p = drawn(4_000)
    often = np.repeat(np.arange(4_000), np.where(y > 0, 2, 1))
    y, p = y[often], p[often]
    told = {"lead_id": [str(n) for n in range(len(y))], "landmark": "1d", "part": "test", "y": y, "probability": p}
    frame = pl.DataFrame(told).with_columns(pl.Series(WEIGHT, np.where(y > 0, 0.5, 1.0)))
    assert "poorly_calibrated" in {one.code for one in evaluate(frame.drop(WEIGHT), rounds=10).cautions}
    weighted = evaluate(frame, rounds=10)
    assert weighted.cautions == () and weighted.ece == evaluate(frame.drop(WEIGHT), rounds=10).ece > 0.08
    missed = evaluate(frame.with_columns(pl.col("probability") / 3), rounds=10).cautions
    assert [one.code for one in missed] == ["poorly_calibrated"] and "worked leads weighted" in missed[0].message
    assert metrics.calibration_noise(y, np.full(len(y), 3.0)) == pytest.approx(metrics.calibration_noise(y))
    assert metrics.calibration_noise(y, np.where(np.arange(len(y)) < 100, 1.0, 0.0)) > 5 * metrics.calibration_noise(y)


def test_lift_by_tenths_finds_all_positives_in_the_end():
    table = lift_table(*drawn())
    assert table["captured"][-1] == pytest.approx(1.0)
    assert table["lift"][0] > 1.5 > table["lift"][-1]


def test_the_calibration_curve_holds_its_observed_rate_inside_its_interval():
    table = calibration_table(*drawn(), np.arange(800))
    assert (
        table.select((pl.col("low") <= pl.col("observed")) & (pl.col("observed") <= pl.col("high"))).to_series().all()
    )
    assert table["rows"].sum() == 800


def test_a_leak_shows_in_the_auc_with_suspects_beside_the_honest_one(frame):
    leaky = frame.with_columns((pl.col("y") * 2 + pl.lit(1)).cast(pl.Float64).alias("paid"))
    paid = FEATURES[-1].__class__("paid", "number", "fit", "Paid")
    honest, with_suspects = held_out_auc(frame, FEATURES, SHORT), held_out_auc(leaky, (*FEATURES, paid), SHORT)
    assert honest < 0.95 < with_suspects


def test_thin_data_give_no_comparison(frame):
    assert held_out_auc(frame.head(30), FEATURES, SHORT) is None


def test_a_random_split_of_the_same_rows_can_be_compared(frame):
    parted = split(frame.drop("part"), SplitSpec(by="random", reason="comparison", seed=1)).rows
    assert 0.6 < held_out_auc(parted, FEATURES, SHORT) < 0.95


def test_recency_ranks_the_latest_first_and_the_silent_last():
    frame = pl.DataFrame(
        {"y": [1, 1, 0, 0], "part": ["test"] * 4, "days": [0.1, 2.0, 3.0, None]},
        schema_overrides={"days": pl.Float64},
    )
    assert recency_auc(frame, "days") == 1.0


def test_the_base_rate_is_that_of_training():
    frame = pl.DataFrame({"y": [1, 0, 1, 1], "part": ["train", "calibration", "test", "test"]})
    assert base_rate_brier(frame) == pytest.approx(0.25)


def test_a_single_column_is_judged_on_held_out_rows_with_missing_as_a_level():
    frame = synthetic(2000, seed=9)
    y, tested = frame["y"].to_numpy().astype(float), (frame["part"] == "test").to_numpy()
    hidden = pl.Series([None if won else "x" for won in y])
    assert single_column_auc(hidden, y, tested) == 1.0
    assert single_column_auc(frame["lead_id"], y, tested) == 0.5
    assert single_column_auc(frame["visits"], y, tested) > 0.6


def test_rows_of_one_lead_make_the_calibration_curve_no_surer():
    y, p = drawn()
    once = calibration_table(y, p, np.arange(800), bins=5)
    twice = calibration_table(np.repeat(y, 2), np.repeat(p, 2), np.repeat(np.arange(800), 2), bins=5)
    assert twice["rows"].to_list() == [2 * rows for rows in once["rows"]]
    assert twice.drop("rows").to_numpy() == pytest.approx(once.drop("rows").to_numpy())


def test_the_precision_curve_agrees_with_scikit_learn():
    y, p = drawn(400)
    found = precision_table(pl.DataFrame({"y": y, "probability": p}), most=400)
    precision, recall, threshold = oracle.precision_recall_curve(y, p)
    told = {round(at, 6): pair for at, pair in zip(threshold, zip(precision, recall, strict=False), strict=False)}
    for row in found.iter_rows(named=True):
        assert (row["precision"], row["recall"]) == pytest.approx(told[round(row["threshold"], 6)], abs=1e-12)
    assert precision_table(pl.DataFrame({"y": y, "probability": p}), most=20).height <= 20


def test_a_base_rate_moves_by_leads_and_not_by_how_often_they_are_looked_at():
    def side(part: str, won: int, leads: int, looks: int) -> pl.DataFrame:
        one = pl.DataFrame({"lead_id": [f"{part}{place}" for place in range(leads)], "part": part, "landmark": "1d"})
        y = (pl.int_range(pl.len()) < won).cast(pl.Int8)
        return pl.concat([one.with_columns(y=y, probability=pl.lit(0.3))] * looks)

    def cautions(looks: int, leads: int) -> set[str]:
        frame = pl.concat(
            [side("train", leads * 30 // 100, leads, looks), side("test", leads * 45 // 100, leads, looks)]
        )
        return {one.code for one in evaluate(frame, rounds=10).cautions}

    assert "base_rate_shift" not in cautions(looks=12, leads=60)
    assert "base_rate_shift" in cautions(looks=1, leads=720)
