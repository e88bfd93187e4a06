"""Components in Streamlit's own test harness."""

import io

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from app.components import badges, export_menu, frame_table


def run(script) -> AppTest:
    at = AppTest.from_function(script).run()
    assert not at.exception
    return at


def test_the_header_shows_title_caption_and_buttons():
    def script():
        import streamlit as st

        from app.components import header

        with header.show("Leads", "policy **v3**"):
            st.button("Go")

    at = run(script)
    assert (at.title[0].value, at.caption[0].value, at.button[0].label) == ("Leads", "policy **v3**", "Go")


def test_a_tile_without_a_change_shows_its_note():
    def script():
        from app.components.kpi import Kpi, tiles

        tiles([Kpi("Open", "58", "+9", "vs last week", [1, 2]), Kpi("Used", "82 %", note="of 70"),
               Kpi("Same", "7", "-0.0 pts", "vs last week")], key="tiles")  # fmt: skip

    at = run(script)
    assert [(tile.label, tile.value, tile.delta) for tile in at.metric] == [
        ("Open", "58", "+9"),
        ("Used", "82 %", "of 70"),
        ("Same", "7", "unchanged"),
    ]


def test_the_empty_state_says_what_is_missing_and_offers_one_action():
    def script():
        import streamlit as st

        from app.components import empty_state

        if empty_state.show("No report yet.", action="Run one", key="go"):
            st.success("ran")

    at = run(script)
    assert "No report yet." in [text.value for text in at.markdown]
    assert at.button(key="go").click().run().success[0].value == "ran"


def test_the_first_row_is_picked_at_first():
    def script():
        import polars as pl
        import streamlit as st

        from app.components import frame_table

        st.write(f"row {frame_table.pick(pl.DataFrame({'a': [1, 2]}), 'rows')}")
        st.write(f"none {frame_table.pick(pl.DataFrame({'a': []}), 'empty')}")

    at = run(script)
    assert [text.value for text in at.markdown] == ["row 0", "none None"]


def test_a_refusal_shows_message_and_remedy_and_no_traceback():
    def script():
        from app.feedback import refusals
        from core.demo.errors import DemoSizeInvalid

        with refusals():
            raise DemoSizeInvalid("leads", 3, 50, "too few")

    at = run(script)
    assert "`3`" in at.error[0].value
    assert "Give at least 50." in at.error[0].value


def test_a_refused_upload_is_told_by_its_own_name():
    def script():
        from app.feedback import refusals
        from core.signals.errors import FileEmpty

        with refusals():
            raise FileEmpty("/tmp/leadbench-uploads-ab_1/tmpx/deals.csv")

    assert run(script).error[0].value.startswith("`deals.csv` holds no records.")


def test_a_notice_survives_one_rerun_and_no_more():
    def script():
        import streamlit as st

        from app import feedback

        feedback.show_notices()
        if st.button("do", key="do"):
            feedback.done("Saved.")
            st.rerun()

    at = run(script)
    at = at.button(key="do").click().run()
    assert [toast.value for toast in at.toast] == ["Saved."]
    assert not at.run().toast


def test_a_chart_has_words_for_those_who_cannot_see_it():
    def script():
        import polars as pl

        from app.charts.flows import funnel
        from app.components import chart

        chart.show(
            funnel(pl.DataFrame({"stage": ["a"], "leads": [1]}), chart.colours()), "f", alt="A funnel", words="All."
        )

    assert run(script).caption[0].value == "All."


FRAME = pl.DataFrame({"name": ["=1+1", "Ana"], "why": [["+ a", "− b"], []], "n": [1, 2]})


def test_csv_has_a_byte_order_mark_and_no_formula():
    text = export_menu.csv(FRAME, {}).decode("utf-8-sig")
    assert export_menu.csv(FRAME, {}).startswith(b"\xef\xbb\xbf")
    assert text.splitlines()[1] == "'=1+1,'+ a; − b,1"


def test_excel_says_what_the_rows_are():
    data = io.BytesIO(export_menu.excel(FRAME, {"policy": "v3"}))
    assert ("policy", "v3") in pl.read_excel(data, sheet_name="Read me").rows()
    assert pl.read_excel(data, sheet_name="Rows")["name"].to_list() == ["=1+1", "Ana"]


def test_parquet_and_json_give_the_rows_back():
    assert pl.read_parquet(io.BytesIO(export_menu.parquet(FRAME, {}))).equals(FRAME)
    assert pl.read_json(io.BytesIO(export_menu.json(FRAME, {})))["n"].to_list() == [1, 2]


def test_a_table_is_as_high_as_its_rows_up_to_a_limit():
    assert frame_table.fitting(2) < frame_table.fitting(3)
    assert frame_table.fitting(14) == frame_table.fitting(5_000)


def test_every_release_state_has_a_badge():
    states = ("draft", "submitted", "changes_requested", "refused", "approved")
    assert all("badge" in badges.state(name) for name in states)
    assert badges.trial("live") == ""
    with pytest.raises(KeyError):
        badges.evidence("guessed")
