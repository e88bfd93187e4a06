"""Overview under a range, a segment and a comparison: figures, funnel, lift, rows behind them, and the sheet of PDF."""

import io
import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pypdf
import pytest

from app.components import last_look, overview_export
from app.queries import data, leads, one_pager, overview, progress, scope, tiles
from core.decisions.store_funnel import FunnelStore
from core.demo import hands
from core.exports.one_pager import OnePager, Tile, to_pdf
from core.exports.origin import Origin
from core.governance.errors import Forbidden
from core.governance.permissions import Role
from tests.app.pages import page


def asked(tr: str = "P30D", segment: str = "", compare: str = "before") -> scope.Scope:
    return scope.scope(tr, scope.segments()[segment], compare)


def said(at) -> str:
    return " ".join(one.value for kind in (at.markdown, at.caption) for one in kind)


def outcomes(bench) -> pl.DataFrame:
    return bench.rooms.signals.outcome_frame().with_columns(pl.col("at").cast(pl.Date).alias("day"))


def test_the_figures_are_of_the_days_and_their_changes_against_the_days_before(demo_copy):
    found = asked()
    assert found.days and found.earlier and found.earlier.last == found.days.first - timedelta(days=1)
    ended, shown = outcomes(demo_copy), tiles.tiles(found)
    now, before = (ended.filter(pl.col("day").is_between(one.first, one.last)) for one in (found.days, found.earlier))
    won = [one.filter(outcome="won").height for one in (now, before)]
    assert (shown.won.value, shown.won.before) == tuple(won) and sum(shown.won.course) == won[0]
    assert shown.rate.change == pytest.approx(won[0] / now.height - won[1] / before.height)
    assert shown.decided.value == leads.waiting().height and shown.decided.before is None, "nobody stood decided then"
    assert asked("all").words().endswith("all time has nothing to compare with")
    assert (
        "the data begin on" in asked(compare="year").words() and tiles.tiles(asked(compare="year")).won.change is None
    )


def test_a_segment_narrows_every_figure_and_adds_up_with_the_others(demo_copy):
    levels = [word for word in scope.segments() if word.startswith("region:")]
    assert len(levels) > 1
    parts = [asked("all", word) for word in levels]
    for figure in ("won", "decided", "events"):
        whole = getattr(tiles.tiles(asked("all")), figure).value
        assert sum(getattr(tiles.tiles(one), figure).value for one in parts) == whole
    scored = [progress.stages(None, one.segment).counts["scored"] for one in parts]
    assert sum(scored) == progress.stages(None, scope.EVERYONE).counts["scored"]
    demo_copy.rooms.views.save("leads", "Best", {"view": "all", "band": ["hot"]}, "ana", shared=True)
    best = asked("all", "view:ana/Best")
    assert tiles.tiles(best).decided.value == tiles.tiles(asked("all")).top.value
    assert progress.opens("routed", best) == {"view": "All leads", "stage": "routed", "tr": "all", "band": ["hot"]}


def test_each_stage_counts_what_the_record_says_and_opens_its_rows(demo_copy):
    days = asked().days
    alive = progress.stages(days, scope.EVERYONE)
    assert alive.touches_known and min(alive.counts["touched"], alive.untouched, alive.unsaid) > 0
    with demo_copy.db.change("signals", "outcomes.redriven", "ana") as change:
        change.execute("DELETE FROM lead_work")
    before = progress.stages(days, scope.EVERYONE)
    assert not before.touches_known and dict(before.shown())["Touched"] is None
    assert "not known yet" in progress.in_words(before)
    assert progress.funnel_before(asked()).startswith("Nobody was scored from")
    assert progress.funnel_before(asked("all")) == "" == progress.lift_before(asked(compare="none"))
    routed = FunnelStore(demo_copy.db).ways(None, None).filter(pl.col("routed_at").is_not_null())
    kept = outcomes(demo_copy).filter(outcome="won").join(routed, on="lead_id")
    assert before.counts["converted"] == kept.filter(pl.col("at") >= pl.col("routed_at")).height > 0
    undated, untouched, early = routed["lead_id"][:3]
    with demo_copy.db.change("signals", "outcomes.redriven", "ana") as change:
        for lead, worked, moment in ((undated, True, None), (untouched, False, None), (early, True, "2020-01-01")):
            change.execute(
                "INSERT INTO lead_work SELECT lead_no, ?, ?::TIMESTAMP, NULL, 'b' FROM leads WHERE lead_id = ?",
                [worked, moment, lead],
            )
    after = progress.stages(days, scope.EVERYONE)
    assert (after.counts["touched"], after.untouched, after.unsaid) == (1, 1, before.counts["routed"] - 2)
    assert {stage: after.counts[stage] for stage in ("scored", "routed", "converted")} == {
        stage: before.counts[stage] for stage in ("scored", "routed", "converted")
    }
    for stage, count in after.counts.items():
        chosen = leads.Filter("all", stage=stage, first=days.first, last=days.last)
        assert leads.matching(chosen).height == count
    at = page("leads", view="All leads", stage="touched", tr="P30D")
    assert "as far as **touched" in said(at) and len(at.dataframe[0].value) == 1


def test_lift_is_of_what_was_decided_on_the_days_or_says_that_it_is_too_few(demo_copy, monkeypatch):
    assert "split" in progress.lift(None, scope.EVERYONE).whose
    few = progress.lift(asked().days, scope.EVERYONE)
    assert few.deciles.is_empty() and "Too few to tell" in few.why
    monkeypatch.setattr(progress, "FEWEST_CLOSED", 4)
    progress._lift.clear()
    told = progress.lift(asked().days, scope.EVERYONE)
    assert told.deciles["decile"][0] == 1 and told.deciles["decile"].is_sorted() and told.deciles["decile"].max() <= 10
    closed = int(told.deciles["rows"].sum())
    assert f"the {closed:,} leads" in told.whose
    assert (told.deciles["rate"] * told.deciles["rows"]).sum() == pytest.approx(told.base_rate * closed)


def test_the_address_holds_range_segment_and_comparison(demo_copy):
    word = next(one for one in scope.segments() if one.startswith("region:"))
    at = page("overview", tr="P90D", segment=word, compare="none")
    assert f"the last 90 days of the data · Region {word.partition(':')[2]}" in said(at)
    assert at.metric[0].delta.startswith("of ")
    at.segmented_control(key="overview_tr").set_value("P7D").run()
    assert at.query_params["tr"] == "P7D" and "the last 7 days" in said(at)
    at.selectbox(key="overview_compare").set_value("before").run()
    assert "compare" not in at.query_params and "pts" in at.metric[0].delta
    wrong = page("overview", tr="P5Y", segment="region:`Atlantis")
    assert "`region:'Atlantis`, which is no segment here" in said(wrong) and "the last 30 days" in said(wrong)


def test_what_is_new_since_the_viewer_last_looked_is_marked(demo_copy, monkeypatch):
    newest = overview.ledger()[1]
    asked = []
    monkeypatch.setattr(last_look, "_asked", lambda key, told: asked.append(told) or newest - 1)
    at = page("overview", tr="all")
    marked = [one.label for one in at.expander if "new]" in one.label]
    assert len(marked) == 1 and "1 of them since you last looked" in said(at)
    assert asked[0]["head"] == newest and asked[0]["place"].endswith("-ana") and asked[0]["known"] is None
    assert asked[-1]["known"] == newest - 1, "it is asked for once a visit; what was said goes with each later look"


def test_the_sheet_is_one_page_that_says_what_the_page_says(demo_copy):
    found = asked()
    sheet = one_pager.sheet(found)
    made = overview_export.made(sheet, found, "ana", Role.ANALYST)
    assert made == overview_export.made(sheet, found, "ana", Role.ANALYST)
    read = pypdf.PdfReader(io.BytesIO(made))
    text = " ".join(read.pages[0].extract_text().split())
    assert len(read.pages) == 1
    first = leads.matching(leads.Filter(), Role.ANALYST).row(0, named=True)
    named = ("default v1", "model 1", "Converted", "Needs somebody", "Top of the queue", "In words", first["lead"])
    assert [one for one in named if one not in text] == [] and found.words().split(" · ")[0] in text
    masked = pypdf.PdfReader(io.BytesIO(overview_export.made(sheet, found, "rita", Role.REVIEWER)))
    assert first["lead"] not in masked.pages[0].extract_text() and first["ref"] in masked.pages[0].extract_text()
    demo_copy.rooms.users.add("vic", "viewer", "root")
    with pytest.raises(Forbidden, match="export"):
        overview_export.made(None, found, "vic", Role.VIEWER)


def test_a_sheet_of_nothing_and_of_foreign_letters_is_still_one_page(demo_copy):
    origin = Origin("Overview", "", "", "", None, demo_copy.db.clock.now(), "ana")
    queue = [
        ("Łukasz Żółw 李", "Αθήνα, Škoda, Київ", "1.0%", "A", "sdr", "– why"),
        ("Anna", "Ångström & Söhne " * 9, "1.0%", "A", "sdr", "– why"),
    ] * 30
    odd = OnePager("All time", [Tile("Won", "0", "")], [("Scored", 0), ("Touched", None)], "", [], 0.0, "none",
                   ["alert"] * 20, queue, ("word " * 200,), origin)  # fmt: skip
    read = pypdf.PdfReader(io.BytesIO(to_pdf(odd)))
    text = read.pages[0].extract_text()
    assert len(read.pages) == 1 and "and 15 more" in text and "not known yet" in text
    named = ("Łukasz Żółw ?", "Αθήνα, Škoda, Київ", "letter that this sheet's font lacks")
    assert [one for one in named if one not in text] == []
    known = to_pdf(replace(odd, queue=queue[1:2]))
    assert "lacks" not in pypdf.PdfReader(io.BytesIO(known)).pages[0].extract_text()


def test_the_lineage_of_data_is_for_those_who_may_export(demo_copy):
    told = data.lineage("ana").splitlines()
    assert told == data.lineage("ana").splitlines(), "the same store tells the same"
    assert len(told) > 10 and json.loads(told[0])["eventType"] == "START"
    with pytest.raises(Forbidden, match="export"):
        data.lineage("root")


def test_what_people_of_the_demo_say_is_said_once(demo_copy):
    hands.speak(demo_copy.rooms)
    kinds = ["feedback.given", "override.placed", "override.placed", "annotation.added"]
    assert demo_copy.db.newest_entries(4)["kind"].to_list() == kinds
    board = leads.board().filter(pl.col("hands").is_not_null())
    routed = board.filter(pl.col("hands") == ["route"])
    assert (board.height, routed.height) == (hands.SNOOZED + hands.ROUTED, hands.ROUTED)
    assert routed.filter(pl.col("pool") == pl.col("policy_pool")).is_empty()
    head = overview.ledger()
    hands.speak(demo_copy.rooms)
    assert overview.ledger() == head
