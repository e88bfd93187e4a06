"""Train: where to cut, what it is worth, the card, and a second person's release."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false
import io
import zipfile

import pytest

from app.queries import cuts, models
from core.governance.errors import Forbidden
from core.models.costs import Costs
from core.models.cutoffs import Capacity
from tests.app.pages import page


def button(at, label):
    return next(one for one in at.button if one.label == label)


@pytest.mark.parametrize("tab", ["Quality", "Cut-offs and cost", "Compare", "Model card"])
def test_every_tab_of_train_opens(demo, tab):
    assert not page("train", tab=tab).error


def test_bands_are_proposed_on_the_page_and_capacity_that_cannot_be_is_refused(demo):
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
    assert any(f"{fresh.value:+,.0f} per 1,000 leads of the other half" in one.value for one in at.caption)
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
    at = page("train")
    at = button(at, "Release").click().run()
    assert "why" in at.warning[0].value.lower()
    at = at.text_input(key="train_trust_reason").set_value("Mine.").run()
    at = button(at, "Release").click().run()
    assert "ana" in at.error[0].value and demo_copy.rooms.model_releases.releases().is_empty()
    at = page("train", "rita")
    at = at.text_input(key="train_trust_reason").set_value("Figures read.").run()
    at = button(at, "Release").click().run()
    assert demo_copy.rooms.model_releases.releases()["version"].to_list() == ["1"]
    assert demo_copy.rooms.model_releases.is_approved(demo_copy.rooms.models.champion().model_hash)
    at = page("train", "rita")
    at = at.text_input(key="train_trust_reason").set_value("Off.").run()
    at = button(at, "Roll back").click().run()
    assert at.error and demo_copy.rooms.models.champion().version == "1"
