"""Train: where to cut, what it is worth, the card, and a second person's release."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false
import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from app.components import chart
from app.queries import champions, cuts, judged, models, segments
from core.governance.errors import Forbidden
from core.governance.permissions import Role
from core.models.costs import Costs
from core.models.cutoffs import Capacity
from tests.app.pages import page


def button(at, label):
    return next(one for one in at.button if one.label == label)


@pytest.mark.parametrize("tab", ["Quality", "Cut-offs and cost", "Compare", "Model card"])
def test_every_tab_of_train_opens(demo, tab):
    assert not page("train", tab=tab).error


def test_bands_are_proposed_on_the_page_and_capacity_that_cannot_be_is_refused(demo, monkeypatch):
    at = page("train", tab="Cut-offs and cost")
    told = cuts.proposed(cuts.unseen("1"), Capacity(24, 30, at.number_input(key="train_capacity_came").value))[1]
    hot = told.row(0, named=True)
    assert any(f"begins at {hot['enter']:.1%}" in one.value for one in at.caption)
    assert hot["live"] is not None
    seen = cuts.unseen("1")
    rows = cuts.above(seen, hot["enter"], 10_000)
    assert rows["said"].is_sorted(descending=True) and abs(rows.height - hot["share"] * len(seen.p)) < 1.5
    assert rows["won"].mean() == pytest.approx(hot["observed_rate"], abs=1 / rows.height)
    fresh = cuts.worth_of_best(cuts.unseen("1"), Costs(1000, 30))
    with monkeypatch.context() as patch:
        patch.setattr(cuts, "cross_fitted", None)
        assert cuts.worth_of_best(cuts.unseen("1"), Costs(1000, 30)) == fresh, "drawn once"
    assert any(f"{fresh.value:+,.0f} per 1,000 leads of the other half" in one.value for one in at.caption)
    assert not any("worked ones stand for them" in one.value for one in at.caption)
    with monkeypatch.context() as patch:
        patch.setattr(cuts, "unseen", lambda name: replace(seen, weight=np.ones(len(seen.y))))
        captions = page("train", tab="Cut-offs and cost").caption
    assert sum(f"{len(seen.y):,} worked ones stand for them" in one.value for one in captions) == 2
    at = at.number_input(key="train_capacity_hours").set_value(0.0).run()
    assert "rep_hours" in at.error[0].value
    at = at.number_input(key="train_worth_work").set_value(1e9).run()
    assert any("working 0% of the leads (nobody)" in one.value for one in at.caption)


def test_the_curve_of_a_model_stored_without_it_comes_from_its_tenths(demo):
    page("train")
    version = models.version("1")
    full = models.precision(version)
    assert full.height > 20 and full["recall"].is_sorted() and full["recall"][-1] == pytest.approx(1.0, abs=1e-5)
    version.metrics["charts"].pop("precision")
    tenths = models.precision(version)
    assert tenths.height == 10 and tenths["precision"][-1] == pytest.approx(full["precision"][-1], abs=1e-5)


def test_every_bar_and_point_of_a_figure_opens_exactly_the_rows_that_it_counts(demo, monkeypatch):
    page("train")
    version = models.version("1")
    bins, tenths, bars = (models.table(version, name) for name in ("calibration", "lift", "scores"))
    for number, told in enumerate(bins.iter_rows(named=True)):
        rows = judged.of_bin(version, number, bins.height)
        assert (rows.height, rows["p"].mean()) == (told["rows"], pytest.approx(told["predicted"], abs=1e-6))
    for told in tenths.iter_rows(named=True):
        rows = judged.of_tenth(version, told["decile"])
        assert (rows.height, rows["y"].sum()) == (told["rows"], told["positives"])
    for told in bars.iter_rows(named=True):
        rows = judged.of_scores(version, told["from"], told["to"])
        assert rows["y"].value_counts().height <= 2 and rows.height == told["positive"] + told["negative"]
    for told in version.metrics["by_landmark"]:
        rows = judged.of_landmark(version, told["after"])
        assert (rows.height, rows["y"].sum()) == (told["rows"], told["positives"])
    values = segments.values(version)
    for told in values.iter_rows(named=True):
        rows = judged.of_segment(version, told["segment"])
        assert (rows.height, rows["y"].sum()) == (told["rows"], told["positives"])
    assert values.height and judged.of_level(version, None).height == version.metrics["rows"]
    monkeypatch.setattr(chart, "show", lambda figure, key, **told: [{"point_index": 2}] if "lift" in key else [])
    shown = next(one.value for one in page("train").dataframe if "came" in one.value.columns)
    assert len(shown) == tenths["rows"][2] and shown["said"].is_monotonic_decreasing
    assert set(shown["came"]) <= {"Won", "Not won"} and all(shown["ref"].to_list())
    taken = judged.every(judged.of_tenth(version, 3), Role.ANALYST)
    assert taken["ref"].to_list() == shown["ref"].to_list()


def test_the_folder_is_for_who_may_export(demo):
    page("train")
    version = models.version("1")
    archive = zipfile.ZipFile(io.BytesIO(models.folder(version, "ana")))
    assert {"model-1/MLmodel", "model-1/README.md"} <= set(archive.namelist())
    assert models.folder(version, "ana") == models.folder(version, "ana")
    demo.rooms.users.add("vera", "viewer", "root")
    with pytest.raises(Forbidden):
        models.folder(version, "vera")


def test_a_second_person_releases_and_whoever_trained_it_is_refused(demo_copy):
    assert button(page("train"), "Release").disabled and demo_copy.rooms.model_releases.releases().is_empty()
    at = page("train", "rita")
    at = button(at, "Release").click().run()
    assert "why" in at.warning[0].value.lower()
    at = at.text_input(key="train_trust_reason").set_value("Figures read.").run()
    at = button(at, "Release").click().run()
    assert demo_copy.rooms.model_releases.releases()["version"].to_list() == ["1"]
    assert demo_copy.rooms.model_releases.is_approved(demo_copy.rooms.models.champion().model_hash)
    at = page("train", "rita")
    at = at.text_input(key="train_trust_reason").set_value("Off.").run()
    at = button(at, "Roll back").click().run()
    assert at.error and demo_copy.rooms.models.champion().version == "1"


def test_train_shows_which_levels_have_trees_of_their_own_and_why_others_have_not(demo, monkeypatch):
    page("train")
    plain = models.version("1")
    assert segments.by(plain) is None and segments.levels(plain).is_empty()
    against = {"figures": [{"figure": "auc", "theirs": 0.61}]}
    tested = {"rows": 90, "positives": 30, "auc": 0.7, "log_loss": 0.5, "against": against}
    gain = {"value": 0.04, "low": 0.01, "high": 0.07}
    own = {"level": "DACH", "rows": 500, "won": 80, "lost": 420, "held_out": 90, "why": "own", "gain": gain}
    few = {"level": None, "rows": 20, "won": 8, "lost": 12, "held_out": 3, "why": "missing", "gain": None}
    told = {"by": "region", "levels": [{**own, "test": tested}, {**few, "test": {**tested, "against": None}}]}
    weighted = {"auc": 0.71, "ece": 0.02, "base_rate": 0.31, "expected_rate": 0.29}
    area = {"figure": "auc", "theirs": 0.7, "difference": 0.012, "low": -0.01, "high": 0.03}
    beside = {"version": "9", "rows": 90, "weighted": True, "verdict": "no credible difference", "figures": [area]}
    more = {"segments": told, "weighted": weighted, "against_champion": beside}
    version = replace(plain, metrics={**plain.metrics, **more})
    assert segments.levels(version).select("level", "scored_by", "gain", "auc_all").rows() == [
        ("DACH", "its own trees", "+0.0400 (+0.0100 to +0.0700)", 0.61),
        ("not known", "all leads' trees", "–", 0.7),
    ]
    monkeypatch.setattr(models, "version", lambda name: version)
    at = page("train")
    assert any("Segments by region" in one.value for one in at.markdown)
    assert any("win rate 31%, 29% expected" in one.value for one in at.caption)
    assert any("worked leads each by its weight for all: no credible difference" in one.value for one in at.caption)
    assert champions.compared(plain.metrics) is None
    assert champions.compared({"cautions": ["champion_not_compared"], "not_compared": "Why."}) == "Why."
    assert "the training said why" in str(champions.compared({"cautions": ["champion_not_compared"]}))


def test_the_form_offers_the_models_categories_and_keeps_what_the_recipe_asks_besides(demo):
    at = page("train")
    choice = at.selectbox(key="train_segments")
    model = demo.rooms.models.get("1")
    assert choice.options[0] == "none" and choice.value == ""
    assert set(choice.options[1:]) == {
        one.name for one in model.features if (one.dtype, one.role) == ("category", "fit")
    }
    asked = segments.asked({"trees": 9}, "region")
    assert (asked.trees, asked.segments.by, asked.segments.fewest_rows) == (9, "region", 400)
    assert segments.asked({"trees": 9}, None).segments is None
