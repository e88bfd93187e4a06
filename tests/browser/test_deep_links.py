"""Steps and tabs open from their address, and draw their charts, without a complaint of the browser."""

import pytest

pytestmark = pytest.mark.browser
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
    assert page.locator('[data-testid="stException"]').count() == 0
    assert statement in page.locator('[data-testid="stMain"]').inner_text()
