"""The frame around the pages, and what an address opens, in a real browser without a complaint of it."""

import json
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from app.navigation import SECTIONS
from tests.browser import serving

pytestmark = pytest.mark.browser
PATHS = [entry.path for entries in SECTIONS.values() for entry in entries]

FAINT = """() => {
  const parts = text => { const found = [...text.match(/[\\d.]+/g).map(Number), 1].slice(0, 4);
    return text.startsWith('color(') ? found.map((one, i) => i < 3 ? 255 * one : one) : found; };
  const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3])).concat([1]);
  const light = colour => { const [r, g, b] = colour.map(one => { const x = one / 255;
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = node => { const found = [];
    for (; node; node = node.parentElement) { const back = parts(getComputedStyle(node).backgroundColor);
      if (back[3]) found.push(back); if (back[3] === 1) break; }
    return found.reduceRight((under, top) => over(top, under), [255, 255, 255, 1]); };
  return [...document.querySelectorAll('button[data-variant] p, button kbd')].filter(one => !one.closest(':disabled'))
    .map(one => { const under = ground(one), top = over(parts(getComputedStyle(one).color), under);
      const [low, high] = [light(top), light(under)].sort((a, b) => a - b);
      return [one.innerText, (high + 0.05) / (low + 0.05)]; }).filter(([text, ratio]) => ratio < 4.5);
}"""
"""Words of the choices and key hints that are shown whose contrast is under 4.5."""
BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor"
STUDIED_MS = 60_000
"""What is simulated or proved for a step comes when it is done."""
WALKED = {
    "policy?step=check": ("light", "Findings"),
    "policy?step=simulate&mode=matrix&output=band": ("dark", "Where leads move"),
    "policy?step=approve": ("light", "Who says so"),
}
"""Steps that the walk opens by clicks; by their address they are opened in the campaign."""
LINKS = {
    "policy?step=roll-out": ("dark", "Decides now"),
    "approvals?tab=History": ("dark", "Versions, newest first"),
    "approvals?tab=Audit": ("light", "Ledger, newest first"),
    "explain?tab=One+feature": ("dark", "value and points"),
    "explain?tab=One+lead": ("light", "What speaks for it"),
    "?tour=1": ("dark", "1 of 5"),
    "train?tab=Compare": ("dark", "Wins found by capacity"),
}


@pytest.mark.parametrize("path", PATHS)
def test_every_page_opens_in_light_and_dark_without_a_complaint(page_for, path):
    page = page_for(path, "light")
    assert page.evaluate(FAINT) == []
    light = page.evaluate(BACKGROUND)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{BACKGROUND} !== {light!r}")
    serving.settle(page)
    assert page.locator('[data-testid="stException"]').count() == 0
    assert page.locator("h1").first.inner_text()
    assert page.evaluate(FAINT) == []


def test_the_sidebar_names_the_sections_and_who_acts_and_fonts_and_icon_are_our_own(page_for):
    page = page_for("")
    sidebar = page.locator('[data-testid="stSidebar"]').inner_text()
    for section, entries in SECTIONS.items():
        assert section in sidebar
        assert all(entry.title in sidebar for entry in entries)
    assert "ana · Analyst" in page.locator('[data-testid="stSidebar"]').inner_html()
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


@pytest.mark.parametrize("link", [*LINKS, *(pytest.param(link, marks=pytest.mark.campaign) for link in WALKED)])
def test_a_deep_link_opens_its_part_of_the_page(page_for, link):
    theme, statement = (LINKS | WALKED)[link]
    page = page_for(link, theme)
    expect(page.locator('[data-testid="stMain"]')).to_contain_text(statement, timeout=STUDIED_MS, use_inner_text=True)
    assert page.locator('[data-testid="stException"]').count() == 0


@pytest.mark.campaign
def test_the_drift_report_is_a_page_that_stands_alone(page_for, chromium, tmp_path):
    page, path, complaints = page_for("drift"), tmp_path / "drift.html", []
    with page.expect_download() as saved:
        page.get_by_role("button", name="Evidently report").click()
    saved.value.save_as(path)
    shown = chromium.new_page()
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("request", lambda asked: complaints.append(asked.url) if asked.url.startswith("http") else None)
    shown.goto(path.as_uri())
    expect(shown.get_by_text("Drift in column").first).to_be_visible(timeout=STUDIED_MS)
    expect(shown.locator("svg.main-svg").first).to_be_visible(timeout=STUDIED_MS)
    shown.close()
    assert complaints == []
