"""Steps and tabs open from their address, and draw their charts, without a complaint of the browser."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
STUDIED_MS = 60_000
"""What is simulated or proved for a step comes when it is done."""
LINKS = {
    "policy?step=check": ("light", "Findings"),
    "policy?step=simulate&mode=matrix&output=band": ("dark", "Where leads move"),
    "policy?step=approve": ("light", "Who says so"),
    "policy?step=roll-out": ("dark", "Decides now"),
    "approvals?tab=History": ("dark", "Versions, newest first"),
    "approvals?tab=Audit": ("light", "Ledger, newest first"),
    "explain?tab=One+feature": ("dark", "value and points"),
    "explain?tab=One+lead": ("light", "What speaks for it"),
    "?tour=1": ("dark", "1 of 5"),
    "train?tab=Compare": ("dark", "Wins found by capacity"),
}


@pytest.mark.parametrize("link", LINKS)
def test_a_deep_link_opens_its_part_of_the_page(page_for, link):
    theme, statement = LINKS[link]
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
