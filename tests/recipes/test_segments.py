"""A recipe that names a segment, on a store: trained, decided by, shown, made again, exported, and refused by name."""

import json

import pytest

from core.decisions.replay import replay
from core.exports import model_folder
from core.exports.model_card import card
from core.models.errors import SegmentUnfit
from core.recipes.document import TrainPart
from core.recipes.reader import RecipeInvalid, parse_recipe
from tests.recipes.regional import RECIPE


def test_training_tells_which_levels_have_their_own(regional):
    _, result = regional
    told = {one["level"]: one for one in result["metrics"]["segments"]["levels"]}
    assert result["metrics"]["segments"]["by"] == "market_region"
    assert told["south"]["why"] == "own" and told["west"]["why"].startswith("too few")
    assert told["south"]["test"]["against"]["verdict"] in ("better", "no credible difference")


@pytest.mark.campaign
def test_its_decisions_are_made_again_to_the_bit(regional):
    bench, _ = regional
    bench.runner.score(actor="ana", leads="test")
    found = replay(bench.db, bench.rooms.loaders, sample=200)
    assert (found.replayed, found.equal) == (200, 200)


@pytest.mark.campaign
def test_made_again_it_has_the_same_hash(regional):
    bench, result = regional
    assert bench.runner.reproduce(result["model"]["version"], actor="ana")["equal"]


def test_card_and_folder_tell_of_the_segments(regional, tmp_path):
    bench, result = regional
    version = bench.rooms.models.version(result["model"]["version"])
    model = bench.rooms.models.get(version.version)
    assert "- south: its own trees, gain +" in card(version, model)
    files = model_folder.write(version, model, tmp_path / "out")["files"]
    assert "segment_1.lgb" in files and json.loads(model.document)["segments"]["by"] == "market_region"


def test_an_attribute_that_the_model_does_not_read_as_words_is_refused_and_nothing_is_registered(regional):
    bench, _ = regional
    before = bench.db.verify().head, bench.rooms.models.list().height
    for name, told in (("size", "market_region"), ("market_regoin", "Did you mean `market_region`")):
        settings = TrainPart.model_validate({"trees": 5, "segments": {"by": name}})
        with pytest.raises(SegmentUnfit, match=name) as refused:
            bench.runner.train(actor="ana", settings=settings)
        assert told in refused.value.remedy
    assert (bench.db.verify().head, bench.rooms.models.list().height) == before


def test_a_recipe_without_segments_is_the_one_that_it_was_and_low_bars_are_refused():
    plain = parse_recipe(
        RECIPE.replace(", segments: {by: Market Region, fewest_rows: 150, fewest_of_a_class: 20}", ""), "r"
    )
    assert "segments" not in plain.document["train"]
    asked = parse_recipe(RECIPE, "r")
    assert asked.document["train"]["segments"] == {"by": "Market Region", "fewest_rows": 150, "fewest_of_a_class": 20}
    for wrong in ("fewest_rows: 5", "fewest: 10"):
        with pytest.raises(RecipeInvalid, match="fewest"):
            parse_recipe(RECIPE.replace("fewest_rows: 150", wrong), "r")
