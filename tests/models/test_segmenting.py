"""Trees of a level's own where they are credibly better; the parent for every other lead; one base, one hash."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from core.models import segment_figures
from core.models.encoding import matrix
from core.models.errors import ModelDamaged, SegmentUnfit
from core.models.evaluation import held_out_auc
from core.models.interactions import strength
from core.models.model import load
from core.models.ranking import auc
from core.models.scoring import explained, lightgbm_way, probabilities, score, score_with_points, way_of
from core.models.segmenting import Segmenting
from core.models.training import TrainConfig, train
from tests.models.samples import REGIONAL, by_region

ASKED = Segmenting("region", fewest_rows=200)
CONFIG = TrainConfig(trees=60, learning_rate=0.05, segments=ASKED)


@pytest.fixture(scope="module")
def rows():
    return by_region()


@pytest.fixture(scope="module")
def regional(rows):
    return train(rows, REGIONAL, CONFIG, feature_set_hash="sha256:f").model


def levels_of(model):
    return {one["level"]: one for one in model.facts["segments"]["levels"]}


def test_only_the_level_that_wins_by_something_else_has_its_own_and_the_others_say_why_not(regional):
    assert regional.segments is not None and list(regional.segments.own) == ["south"]
    told = levels_of(regional)
    assert told["south"]["why"] == "own" and told["south"]["gain"]["low"] > 0
    assert {told[name]["why"] for name in ("north", "east")} == {"no credible gain"}
    assert told["west"]["why"] == "too few rows" and told["west"]["gain"] is None and 0 < told["west"]["rows"] < 200
    assert told[None]["why"] == "missing, rare or new"


def test_a_class_that_is_too_small_keeps_a_level_with_the_parent(rows):
    few = rows.filter((pl.col("region") != "south") | (pl.col("y") == 1) | (pl.col("visits") == 3))
    asked = replace(ASKED, fewest_of_a_class=120)
    told = levels_of(train(few, REGIONAL, replace(CONFIG, trees=3, segments=asked)).model)
    assert told["south"]["why"] == "too few lost leads" and told["south"]["lost"] < 120
    turned = few.with_columns(y=1 - pl.col("y"))
    assert levels_of(train(turned, REGIONAL, replace(CONFIG, trees=3, segments=asked)).model)["south"]["why"] == (
        "too few won leads"
    )


def test_without_held_out_leads_nobody_has_trees_of_its_own(rows):
    unheld = rows.with_columns(part=pl.col("part").replace("calibration", "train"))
    model = train(unheld, REGIONAL, replace(CONFIG, trees=3)).model
    assert model.segments is None and levels_of(model)["south"]["why"] == "too few held-out leads of a class"


def test_a_leaf_that_was_set_for_all_rows_is_as_small_in_proportion_for_a_level(rows):
    wide = replace(CONFIG, smallest_leaf=260)
    fitted = rows.filter(pl.col("part") == "train")
    south = fitted.filter(pl.col("region") == "south").height
    assert south < 2 * 260
    model = train(rows, REGIONAL, wide).model
    assert model.segments is not None and model.segments.own["south"].booster.count("num_leaves=1\n") == 0
    assert wide.in_proportion(south, fitted.height).smallest_leaf == round(260 * south / fitted.height)
    assert CONFIG.in_proportion(1, 9) is CONFIG and wide.in_proportion(1, 900).smallest_leaf == 5


def test_noise_earns_no_trees(rows):
    shuffled = rows.with_columns(y=pl.col("y").shuffle(seed=5))
    model = train(shuffled, REGIONAL, CONFIG).model
    assert model.segments is None
    assert {one["why"] for one in levels_of(model).values()} <= {
        "no credible gain",
        "too few rows",
        "missing, rare or new",
    }


def test_the_same_rows_give_the_same_hash_on_any_number_of_threads(rows, regional):
    assert train(rows, REGIONAL, replace(CONFIG, threads=2), feature_set_hash="sha256:f").model.model_hash == (
        regional.model_hash
    )


def test_missing_rare_and_new_levels_and_those_without_their_own_are_scored_by_the_parent(rows, regional):
    parent = replace(regional, segments=None)
    for name in ("north", "rare", "never seen", None, "(other)"):
        some = rows.head(40).with_columns(region=pl.lit(name, dtype=pl.String))
        assert probabilities(regional, some).tolist() == probabilities(parent, some).tolist()
    south = rows.filter(pl.col("region") == "south")
    assert np.abs(probabilities(regional, south) - probabilities(parent, south)).max() > 0.05
    assert regional.fitted({"region": "south"}) is regional.segments.own["south"]
    assert regional.fitted({"region": None}) is regional.fitted({}) is regional.parent


def test_points_sum_to_every_score_from_one_base_and_the_level_has_what_its_base_is_worth(rows, regional):
    scores, points = score_with_points(regional, rows)
    assert np.abs(points.base + points.values.sum(axis=1) - scores["probability"].to_numpy()).max() < 1e-9
    assert points.base == score_with_points(replace(regional, segments=None), rows)[1].base
    south = (rows["region"] == "south").fill_null(False).to_numpy()
    own = points.values[south, regional.names.index("region")]
    assert (
        own.min()
        == pytest.approx(own.max())
        == pytest.approx(regional.segments.own["south"].base - points.base, abs=1e-12)
    )
    assert np.abs(probabilities(regional, rows) - scores["probability"].to_numpy()).max() < 1e-9


def test_a_row_scores_the_same_alone_in_a_batch_and_by_the_compiled_way(rows, regional):
    some = rows.head(48)
    batch = score(regional, some)
    assert pl.concat([score(regional, some[place]) for place in range(48)]).equals(batch)
    assert score(regional, some.reverse()).reverse().equals(batch)
    assert len(score(regional, rows.clear())) == 0
    inputs = matrix(some, regional.features, regional.categories)
    for compiled, told in zip(
        explained(regional, inputs, way_of(regional)), explained(regional, inputs, lightgbm_way(1)), strict=True
    ):
        assert np.abs(compiled - told).max() < 1e-12


def test_a_saved_model_scores_the_same_and_every_file_is_under_its_hash(rows, regional, tmp_path):
    regional.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model.txt", "model.json", "segment_1.txt"}
    again = load(tmp_path, regional.model_hash)
    assert score(again, rows.head(50)).equals(score(regional, rows.head(50)))
    body = (tmp_path / "segment_1.txt").read_bytes()
    (tmp_path / "segment_1.txt").write_bytes(body.replace(b"tree", b"Tree", 1))
    with pytest.raises(ModelDamaged):
        load(tmp_path, regional.model_hash)
    (tmp_path / "segment_1.txt").unlink()
    with pytest.raises(ModelDamaged):
        load(tmp_path, regional.model_hash)


def test_a_model_that_names_no_segment_is_what_it_was(model):
    assert "segments" not in json.loads(model.document) and "segments" not in model.facts
    assert set(model.files) == {"model.txt", "model.json"}


def test_features_that_act_together_are_told_by_the_trees_that_score(rows, regional):
    south = rows.filter(pl.col("region") == "south").head(50)
    parent = strength(replace(regional, segments=None), south, ["visits", "employees"])
    own = strength(regional, south, ["visits", "employees"])
    assert own["size"][0] > 0 and own["size"][0] != parent["size"][0]
    mixed = strength(regional, rows.head(60), ["visits", "region"])
    assert mixed["size"][0] > 0.1


def test_percentiles_are_ranks_among_all_leads(rows, regional):
    population = score(regional, rows.filter(pl.col("part") == "calibration"))
    assert population["percentile"].max() == 100.0 and population["percentile"].median() == pytest.approx(50, abs=2)


def test_what_is_no_category_attribute_of_the_model_is_refused_by_name(rows):
    for name in ("regio", "visits", "nothing of the kind"):
        with pytest.raises(SegmentUnfit, match=name) as refused:
            train(rows, REGIONAL, replace(CONFIG, segments=Segmenting(name)))
    assert "industry, region" in refused.value.remedy
    with pytest.raises(SegmentUnfit) as close:
        train(rows, REGIONAL, replace(CONFIG, segments=Segmenting("regio")))
    assert "`region`" in close.value.remedy


def test_figures_on_unseen_rows_stand_beside_the_parents(rows, regional):
    tested = rows.filter(pl.col("part") == "test")
    told = segment_figures.by_level(
        regional, tested.with_columns(probability=pl.Series(probabilities(regional, tested)))
    )
    found = {one["level"]: one["test"] for one in told["levels"]}
    assert sum(one["rows"] for one in found.values()) == tested.height
    unnamed = pl.col("region").is_null() | pl.col("region").is_in(["rare", "new"])
    strange = tested.with_columns(region=pl.when(pl.int_range(pl.len()) < 9).then(pl.lit("new")).otherwise("region"))
    scored = strange.with_columns(probability=pl.Series(probabilities(regional, strange)))
    again = {one["level"]: one["test"] for one in segment_figures.by_level(regional, scored)["levels"]}
    assert again[None]["rows"] == strange.filter(unnamed).height > found[None]["rows"]
    area = found["south"]["against"]["figures"][0]
    assert area["ours"] == found["south"]["auc"] and area["ours"] > area["theirs"]
    whole = held_out_auc(rows, REGIONAL, CONFIG)
    assert whole == auc(tested["y"].to_numpy(), probabilities(regional, tested))
    assert whole > held_out_auc(rows, REGIONAL, replace(CONFIG, segments=None)) + 0.01
    assert found["north"]["against"] is None and found["north"]["auc"] > 0.6
    assert found["west"]["auc"] is None or found["west"]["rows"] >= 20
