"""The main job in a real browser: import, train, reasons, a policy from draft to publishing and back, audit."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import serving

pytestmark = pytest.mark.browser
EVENTS = 40
TRAINED_SECONDS = 150
REASON = "Fewer calls while two representatives are away"
PLAN = """
rollout:
  strategy: canary
  unit: account_id
  salt: walk-1
  steps: [{pct: 0, mode: shadow}, {pct: 30}]
  judge:
    alpha: 0.05
    method: always_valid
    guards: [{metric: eligibility_rate, direction: either, max_rel_change: 0.2, critical: true}]
  auto_rollback: {on: [any_critical], to: parent, max_seconds: 60}
"""


@pytest.fixture(scope="module")
def walked_store(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo store that the walk may change."""
    folder = tmp_path_factory.mktemp("walk") / "store"
    return Path(shutil.copytree(demo_store, folder))


@pytest.fixture
def walked(walked_store: Path, chromium: Browser) -> Iterator[Page]:
    """The first page on a server of its own; at the end no page may have complained."""
    with (
        serving.served(walked_store) as url,
        serving.opened(chromium, url, "", "light", (1440, 1000)) as (page, watch),
    ):
        page.set_default_timeout(30_000)
        yield page
        assert watch.complaints == []
        assert page.locator('[data-testid="stException"]').count() == 0


def events_file(store: Path, folder: Path) -> Path:
    """A small file of events that the store has not seen."""
    with (store / "demo" / "leads.csv").open(encoding="utf-8") as source:
        leads = [row["lead_id"] for row, _ in zip(csv.DictReader(source), range(EVENTS), strict=False)]
    path = folder / "webinar.csv"
    rows = [f"walk-{n},{lead},webinar_attended,2026-09-20T10:{n % 60:02d}:00Z" for n, lead in enumerate(leads)]
    path.write_text("\n".join(["event_id,lead_id,type,occurred_at", *rows]) + "\n", encoding="utf-8")
    return path


def visit(page: Page, title: str) -> None:
    """Go to a page by the sidebar, in the same session."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    serving.settle(page)


def press(page: Page, name: str) -> None:
    """Press the button of that name and wait until everything is drawn."""
    page.get_by_test_id("stMain").get_by_role("button", name=name, exact=False).first.click()
    page.wait_for_timeout(400)
    serving.settle(page)


def tab(page: Page, name: str) -> None:
    """Open a tab."""
    page.get_by_role("tab", name=name, exact=True).click()
    page.wait_for_timeout(400)
    serving.settle(page)


def write(page: Page, label: str, text: str) -> None:
    """Write into a field and leave it."""
    page.get_by_test_id("stMain").get_by_label(label, exact=True).first.fill(text)
    page.keyboard.press("Tab")
    page.wait_for_timeout(600)
    serving.settle(page)


def act_as(page: Page, name: str) -> None:
    """Let somebody else sit down at this machine."""
    page.get_by_test_id("stSidebar").get_by_role("combobox").click()
    page.get_by_role("option", name=name).click()
    page.wait_for_timeout(600)
    serving.settle(page)


def test_from_a_file_to_a_policy_and_back(walked: Page, walked_store: Path, tmp_path: Path):
    page = walked
    imports(page, events_file(walked_store, tmp_path))
    trains(page)
    reads_reasons(page)
    ref = drafts(page)
    begins_by_two(page, ref)
    is_taken_back(page)
    is_verified(page)


def imports(page: Page, file: Path) -> None:
    visit(page, "Data")
    tab(page, "Import")
    page.locator('input[type="file"]').set_input_files(file)
    expect(page.get_by_role("button", name="Dry run")).to_be_visible(timeout=60_000)
    serving.settle(page)
    press(page, "Dry run")
    expect(page.get_by_text("Dry run is done")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Load", exact=False).last.click()
    expect(page.get_by_text("Load is done")).to_be_visible(timeout=60_000)
    accepted = page.get_by_test_id("stMetric").filter(has_text="Accepted")
    expect(accepted).to_contain_text(str(EVENTS))


def trains(page: Page) -> None:
    visit(page, "Train")
    page.get_by_test_id("stMain").get_by_label("Preset").click()
    page.get_by_role("option", name="Quick look").click()
    serving.settle(page)
    press(page, "Start training")
    expect(page.get_by_text("Train is done")).to_be_visible(timeout=TRAINED_SECONDS * 1000)
    expect(page.get_by_test_id("stMain")).to_contain_text("Model 2")
    opens_the_rows_of_a_bar(page)


def opens_the_rows_of_a_bar(page: Page) -> None:
    """Click the second tenth of the lift figure, and see its leads under it."""
    serving.settle(page)
    bar = page.locator(".st-key-train_lift .point").nth(1)
    bar.scroll_into_view_if_needed()
    place = bar.bounding_box()
    assert place
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    expect(page.get_by_text("Tenth 2 of the ranking")).to_be_visible()


def reads_reasons(page: Page) -> None:
    visit(page, "Leads")
    page.get_by_test_id("stMain").get_by_role("link", name="Open Lead 360").click()
    expect(page.get_by_text("From the base to the score, in probability points")).to_be_visible()
    serving.settle(page)
    expect(page.get_by_text("What speaks for it")).to_be_visible()


def drafts(page: Page) -> str:
    """Raise the hot threshold, plan a canary, see what is proved and what it does, hand it in; its reference."""
    visit(page, "Policy studio")
    raise_threshold(page)
    expect(page.get_by_text("with unsaved edits")).to_be_visible()
    write(page, "Rationale", REASON)
    text = page.locator(".st-key-policy_yaml textarea")
    text.fill(text.input_value().rstrip() + PLAN)
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(600)
    serving.settle(page)
    press(page, "Save draft")
    expect(page.get_by_text("with unsaved edits")).to_have_count(0)
    step(page, "Check")
    expect(page.get_by_text("Compared with default v1").first).to_be_visible(timeout=60_000)
    step(page, "Simulate")
    expect(page.get_by_text("Where leads move")).to_be_visible(timeout=60_000)
    serving.settle(page)
    expect(page.get_by_text("In words:").first).to_be_visible()
    press(page, "Request approval")
    expect(page.get_by_text("waits for approval").first).to_be_visible(timeout=60_000)
    return page.url.split("v=")[1].split("&")[0].replace("%40", "@")


def raise_threshold(page: Page, tries: int = 3) -> None:
    """Push the slider by its keys until the page knows of it: a page drawn anew meanwhile takes the focus away."""
    unsaved = page.get_by_text("with unsaved edits")
    while tries and not unsaved.count():
        page.get_by_role("slider").nth(1).focus()
        for _ in range(60):
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(2_000)
        serving.settle(page)
        tries -= 1


def step(page: Page, name: str) -> None:
    """Open a step of Policy studio."""
    page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name, exact=True)).first.click()
    page.wait_for_timeout(400)
    serving.settle(page)


def begins_by_two(page: Page, ref: str) -> None:
    visit(page, "Approvals")
    expect(page.get_by_text(ref).first).to_be_visible()
    approve = page.locator('[class*="st-key-approvals_inbox_"][class*="_approve"]:not([class*="model"]) button').first
    expect(approve).to_be_disabled()
    act_as(page, "rita")
    approve.click()
    expect(page.get_by_role("button", name="Start canary")).to_be_visible()
    serving.settle(page)
    write(page, "Reason", REASON)
    press(page, "Start canary")
    expect(page.get_by_text("default v2 decides now")).to_be_visible()


def is_taken_back(page: Page) -> None:
    """From the shadow to the canary, and back to the version before."""
    tab(page, "History")
    reason = page.locator(".st-key-approvals_history_rollout_reason input")
    for words, button in (("Nothing harmed", "Next step"), ("Too few calls", "Go back to the version before")):
        reason.fill(words)
        page.keyboard.press("Tab")
        page.wait_for_timeout(600)
        serving.settle(page)
        press(page, button)
    expect(page.get_by_text("default v1 decides now")).to_be_visible()
    expect(page.get_by_text("The review after the rollback", exact=False).first).to_be_visible()


def is_verified(page: Page) -> None:
    tab(page, "Audit")
    press(page, "Verify chain")
    expect(page.get_by_text("The chain holds")).to_be_visible()
    press(page, "Replay")
    expect(page.get_by_text("Replay is done")).to_be_visible(timeout=90_000)
    equal = page.get_by_test_id("stMetric").filter(has_text="Bit for bit equal")
    expect(equal).to_contain_text("100")
