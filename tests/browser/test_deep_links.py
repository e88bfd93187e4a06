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
