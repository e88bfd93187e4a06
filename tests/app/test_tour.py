"""The guided tour: five steps, one URL that starts it, its place in the address."""

from streamlit.testing.v1 import AppTest

from app.components.tour import STOPS
from core.kernel.settings import PROJECT_ROOT


def started(**parameters: str) -> AppTest:
    at = AppTest.from_file(str(PROJECT_ROOT / "app" / "main.py"), default_timeout=60)
    for name, value in parameters.items():
        at.query_params[name] = value
    return at.run()


def told(at: AppTest) -> str:
    return " ".join(one.value for one in at.markdown)


def keys(at: AppTest) -> list[str]:
    return [one.key for one in at.button if one.key and one.key.startswith("tour_")]


def test_one_address_starts_the_tour_and_next_walks_through_all_five_pages(demo):
    at = started(tour="1")
    for place, stop in enumerate(STOPS, start=1):
        assert not at.exception
        assert f"{place} of {len(STOPS)} · {stop.title}" in told(at)
        if place < len(STOPS):
            at = at.button(key="tour_next").click().run()
    assert "tour_next" not in keys(at) and "tour_back" in keys(at)


def test_the_tour_ends_where_it_is_told_to(demo):
    at = started(tour="1").button(key="tour_end").click().run()
    assert f"1 of {len(STOPS)}" not in told(at)
    assert "tour" not in at.query_params


def test_a_step_that_is_none_shows_no_strip(demo):
    assert keys(started(tour="99")) == ["tour_begin"]


def test_the_tour_can_be_taken_from_the_first_page(demo):
    at = started().button(key="tour_begin").click().run()
    assert f"1 of {len(STOPS)}" in told(at)
