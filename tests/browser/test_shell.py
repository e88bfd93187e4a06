"""The frame around the pages, in a real browser."""

import json
import urllib.error
import urllib.request

import pytest

from app.navigation import SECTIONS
from tests.browser import serving

pytestmark = pytest.mark.browser
PATHS = [entry.path for entries in SECTIONS.values() for entry in entries]


BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor"


@pytest.mark.parametrize("path", PATHS)
def test_every_page_opens_in_light_and_dark_without_a_complaint(page_for, path):
    page = page_for(path, "light")
    light = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{BACKGROUND} !== {light!r}")
    serving.settle(page)
    assert page.locator('[data-testid="stException"]').count() == 0
    assert page.locator("h1").first.inner_text()


def test_the_sidebar_names_the_sections_and_who_acts(page_for):
    page = page_for("")
    sidebar = page.locator('[data-testid="stSidebar"]').inner_text()
    for section, entries in SECTIONS.items():
        assert section in sidebar
        assert all(entry.title in sidebar for entry in entries)
    assert "ana · Analyst" in page.locator('[data-testid="stSidebar"]').inner_html()


def test_the_fonts_are_our_own_and_the_icon_is_there_as_data(page_for):
    page = page_for("")
    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family.replaceAll('\"', ''))"
    )
    assert "Inter" in loaded
    assert str(page.locator("link[rel*=icon]").first.get_attribute("href")).startswith("data:image/png;base64,")


def test_an_unknown_api_path_is_404(server):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{server}/v1/nothing")
    assert caught.value.code == 404
    assert json.loads(caught.value.read())["title"] == "Not found"
