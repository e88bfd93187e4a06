import pytest

from core.kernel.errors import LeadbenchError
from core.recipes.reader import RecipeInvalid, RecipeMissing, parse_recipe, read_recipe

SOUND = """schema: leadbench/recipe/v1
name: small
sources:
  events: [{path: events.csv, map: {source: {literal: web}}}]
  leads: {path: leads.csv}
  outcomes: [{path: deals.csv, won: "true"}]
label: {positive: won, horizon: 30d}
landmarks: {after_created: [24h, 7d]}
"""


def refusal(text: str) -> LeadbenchError:
    with pytest.raises(LeadbenchError) as caught:
        parse_recipe(text, "recipe.yaml")
    return caught.value


def test_what_is_not_written_has_its_default():
    recipe = parse_recipe(SOUND, "recipe.yaml")
    assert (recipe.features, recipe.policy, recipe.split.by, recipe.train.trees) == ("auto", "default", "time", 300)
    assert [source.path for source in recipe.sources.leads] == ["leads.csv"]


def test_an_unknown_key_is_refused_with_the_nearest_known_one():
    error = refusal(SOUND + "splitt: {by: time}\n")
    assert isinstance(error, RecipeInvalid)
    assert "`splitt`" in error.message and "`split`" in error.remedy
    assert error.where is not None and error.where.line == 9


def test_an_unknown_key_inside_a_block_is_refused_with_the_nearest_known_one():
    error = refusal(SOUND.replace("{positive: won, horizon: 30d}", "{positve: won}"))
    assert "`positve`" in error.message and "`positive`" in error.remedy


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("horizon: 30d", "horizon: 30"), "not a duration"),
        (("{after_created: [24h, 7d]}", "{after_created: [24h], every: 7d}"), "exactly one"),
        (('{path: deals.csv, won: "true"}', "{won: Converted}"), "exactly one"),
        (("name: small", "name: ''"), "at least 1 character"),
        (("schema: leadbench/recipe/v1", "schema: leadbench/recipe/v9"), "leadbench/recipe/v1"),
        (("label:", "split: {by: random}\nlabel:"), "needs a `reason`"),
        (("label:", "decide: {every: 1d}\nlabel:"), "go together"),
        (("label:", "train: {tune_trials: -1}\nlabel:"), "tune_trials"),
    ],
)
def test_a_wrong_value_is_named(change, told):
    error = refusal(SOUND.replace(*change))
    assert told in str(error)


def test_a_missing_block_is_named():
    assert "`sources`" in str(refusal("schema: leadbench/recipe/v1\nname: empty\n"))


def test_duplicate_keys_are_refused():
    assert "name" in str(refusal(SOUND + "name: twice\n"))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RecipeMissing, match=r"nowhere\.yaml"):
        read_recipe(tmp_path / "nowhere.yaml")


def test_wording_of_the_file_does_not_change_the_hash():
    spaced = SOUND.replace("name: small", "# a comment\nname:   small")
    assert parse_recipe(spaced, "a").recipe_hash == parse_recipe(SOUND, "b").recipe_hash
    assert parse_recipe(SOUND.replace("7d", "8d"), "a").recipe_hash != parse_recipe(SOUND, "b").recipe_hash
