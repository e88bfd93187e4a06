"""Weights by inverse propensity bring back what selection took away; where nothing was left to chance none are."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from core.models.encoding import FeatureInfo
from core.models.errors import NothingLeftToChance, WeightsThin
from core.models.labels import LandmarkRows
from core.models.scoring import probabilities
from core.models.training import TrainConfig, train
from core.models.worked import ASSUMPTION, WEIGHT, weighted, without_unworked

START = datetime(2026, 1, 1)
LEADS = 8_000
SIZE = (FeatureInfo("size", "number", "fit", "Size"),)
CONFIG = TrainConfig(trees=40, learning_rate=0.1)


def log(leads=LEADS, seed=5, epsilon=0.3):
    """Leads whose interest, which the model does not see and the policy does, decides who is worked and who wins.

    Rows, what is said of their being worked, the logged chances, and the probability that each wins if worked.
    """
    chance = np.random.default_rng(seed)
    size, interest = chance.normal(size=leads), chance.normal(size=leads)
    truth = 1 / (1 + np.exp(-(0.8 * size + 1.6 * interest - 0.5)))
    propensity = np.where(interest > 0, 1 - epsilon / 2, epsilon / 2)
    is_given = chance.random(leads) < propensity
    worked = is_given & (chance.random(leads) < 0.9)
    won = worked & (chance.random(leads) < truth)
    ids = [f"l{number:05}" for number in range(leads)]
    place = np.arange(leads) % 10
    part = np.where(place < 7, "train", np.where(place < 9, "calibration", "test"))
    frame = pl.DataFrame({"lead_id": ids, "landmark": "1h", "y": won.astype(np.int8), "part": part, "size": size})
    found = LandmarkRows(frame, 0, 0, 0, None, 0, 0, 0, frame.clear())
    at = [START + timedelta(days=2)] * leads
    work = pl.DataFrame({"lead_id": ids, "worked": worked, "worked_at": pl.Series(at).set(pl.Series(~worked), None)})
    chances = pl.DataFrame({"lead_id": ids, "moment": [START] * leads, "chance": propensity, "is_given": is_given})
    return found, work, chances, truth


def said(found, everybody):
    """The mean probability for all leads by a model of the rows found."""
    return float(probabilities(train(found.rows, SIZE, CONFIG).model, everybody).mean())


def test_weights_bring_the_estimate_back_that_selection_took_away():
    found, work, chances, truth = log()
    kept, told = weighted(found, work, chances)
    everybody, real = found.rows, float(truth.mean())
    biased = said(replace(kept, rows=kept.rows.drop(WEIGHT)), everybody)
    censored = said(without_unworked(found, work.filter(~pl.col("worked"))["lead_id"].to_list()), everybody)
    assert biased > real + 0.12 and censored > real + 0.12
    assert abs(said(kept, everybody) - real) < 0.03
    assert (told.kept, told.unworked) == (int(work["worked"].sum()), int((~work["worked"]).sum()))
    assert told.effective < 0.75 * told.kept and kept.rows[WEIGHT].mean() == pytest.approx(1.0)
    assert told.to_json()["assumption"] == ASSUMPTION and told.to_json()["clip"] == 0.02


def test_the_rate_and_the_effective_sample_are_those_of_the_weighted_rows():
    found, work, chances, truth = log()
    rows = weighted(found, work, chances)[0].rows
    rate = float((rows[WEIGHT] * rows["y"]).sum()) / float(rows[WEIGHT].sum())
    assert abs(rate - truth.mean()) < 0.02 < rows["y"].mean() - truth.mean()


def test_ranks_are_among_all_leads_that_the_weights_stand_for():
    found, work, chances, _ = log(4_000)
    kept = weighted(found, work, chances)[0].rows
    rows = kept.with_columns(pl.when(pl.col("size") > 0).then(4.0).otherwise(0.5).alias(WEIGHT))
    model, held = train(rows, SIZE, CONFIG).model, rows.filter(pl.col("part") == "calibration")
    p, reference = probabilities(model, held), np.array(model.reference.probabilities)
    middle = float(np.median(p)) + 1e-6
    above = float(np.average(p > middle, weights=held[WEIGHT].to_numpy()))
    assert len(reference) == len(held) and above > 0.7
    assert np.mean(reference > middle) == pytest.approx(above, abs=0.01)


def test_a_propensity_next_to_nothing_is_clipped_and_counted():
    found, work, chances, _ = log()
    first = work.filter(pl.col("worked"))["lead_id"][0]
    rare = chances.with_columns(chance=pl.when(pl.col("lead_id") == first).then(1e-9).otherwise("chance"))
    rows, told = weighted(found, work, rare)
    usual = max(rows.rows.filter(pl.col("lead_id") != first)[WEIGHT].to_list())
    assert told.clipped == 1
    assert rows.rows.filter(pl.col("lead_id") == first)[WEIGHT][0] == pytest.approx(told.most, abs=1e-6)
    assert told.most == pytest.approx(usual * 0.15 / 0.02, rel=1e-6)


def test_the_decision_before_a_lead_was_worked_tells_its_chance_and_leads_without_one_are_left_out():
    found, work, chances, _ = log(2_000)
    ids = work.filter(pl.col("worked"))["lead_id"].to_list()
    later = chances.with_columns(moment=pl.lit(START + timedelta(days=9)), chance=pl.lit(0.5), is_given=pl.lit(True))
    plain = weighted(found, work, chances)
    assert weighted(found, work, pl.concat([later, chances]))[0].rows.equals(plain[0].rows)
    undated = work.with_columns(worked_at=pl.lit(None, dtype=pl.Datetime("us")))
    assert weighted(found, undated, pl.concat([later, chances]))[0].rows.equals(plain[0].rows)
    lost, unsaid, against = (
        chances.filter(pl.col("lead_id") != ids[0]),
        work.filter(pl.col("lead_id") != ids[1]),
        ids[2],
    )
    turned = lost.with_columns(is_given=pl.col("is_given") & (pl.col("lead_id") != against))
    rows, told = weighted(found, unsaid, turned)
    assert (told.unlogged, told.unsaid, told.against) == (1, 1, 1)
    assert not set(ids[:3]) & set(rows.rows["lead_id"]) and rows.unworked == len(found.rows) - len(rows.rows)


def test_leads_that_no_decision_could_give_work_are_counted():
    found, work, chances, _ = log(2_000)
    unworked = work.filter(~pl.col("worked"))["lead_id"].head(50)
    never = pl.col("lead_id").is_in(unworked.to_list())
    barred = chances.with_columns(
        chance=pl.when(never).then(0.0).otherwise("chance"), is_given=pl.col("is_given") & ~never
    )
    assert weighted(found, work, barred)[1].never == 50


@pytest.mark.parametrize(
    "case", ["no decisions", "nothing by chance", "only the unworked by chance", "nobody said to be worked"]
)
def test_without_chance_or_word_of_work_it_is_refused_with_the_counts(case):
    found, work, chances, _ = log(500)
    if case == "no decisions":
        chances = chances.clear()
    elif case == "nothing by chance":
        chances = chances.with_columns(chance=pl.col("is_given").cast(pl.Float64))
    elif case == "only the unworked by chance":
        chances = chances.with_columns(chance=pl.when("is_given").then(1.0).otherwise("chance"))
    else:
        work = work.clear()
    with pytest.raises(NothingLeftToChance, match="`500` labelled leads") as refused:
        weighted(found, work, chances)
    assert "experiment" in refused.value.remedy


def test_too_few_effective_leads_are_refused():
    found, work, chances, _ = log(200)
    with pytest.raises(WeightsThin, match="80 are needed"):
        weighted(found, work, chances)
