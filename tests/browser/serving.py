"""A leadbench server on a store in a process of its own, and Chromium pages that notice every complaint."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.app.servers import wait_until_ready
from tests.browser.chromium import FLAGS, REMEDY, installed

LEADBENCH = Path(sys.executable).with_name("leadbench")
ALLOWED = (
    re.compile(r"404 .*/_stcore/(health|host-config)$"),
    re.compile(r"WARN Infinite extent for field"),
)
"""Known and harmless: Streamlit's probes on deep links, and Vega's warning from sparkline tiles."""
SETTLED = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  return app && app.getAttribute('data-test-script-state') === 'notRunning'
    && !document.querySelector('[data-testid="stStatusWidget"], [data-testid="stSkeleton"]')
    && !document.querySelector('[data-testid="stAppSkeleton"]')
    && document.querySelector('[data-testid="stMainBlockContainer"] [data-testid="stHeading"]')
    && document.fonts.status === 'loaded';
}"""


@dataclass
class Watch:
    """What a page complained about, and what it asked of anybody but our server."""

    home: str
    complaints: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        """Note an error or warning of the page's console, with the address it is about."""
        if message.type in ("error", "warning"):
            place = message.location.get("url", "")
            status = "404 " if "status of 404" in message.text else ""
            text = f"{message.type}: {message.text} {status}{place}".strip()
            if not any(pattern.search(text) for pattern in ALLOWED):
                self.complaints.append(text)

    def request(self, request: Request) -> None:
        """Note a request to another host."""
        if not request.url.startswith((self.home, self.home.replace("http", "ws", 1), "data:", "blob:")):
            self.complaints.append(f"outside request: {request.url}")

    def faults(self, page: Page) -> None:
        """Note every fault of the page's script that is shown."""
        self.complaints += [f"fault: {text}" for text in page.locator('[data-testid="stException"]').all_inner_texts()]

    def fault(self, error: Exception) -> None:
        """Note an uncaught exception of the page."""
        self.complaints.append(f"page error: {error}")


def demo_store(folder: Path, *options: str) -> Path:
    """A demo store in `folder`, made by the command; kept where it is there already."""
    if not (folder / "store.duckdb").exists():
        subprocess.run([LEADBENCH, "demo", "--no-serve", "--store", folder, *options], check=True, stdout=sys.stderr)
    return folder


@contextmanager
def served(store: Path) -> Iterator[str]:
    """The address of a server on the store; it is stopped at the end."""
    port = free_port()
    log = (store / "serve.log").open("w")
    process = subprocess.Popen([LEADBENCH, "serve", "--store", store, "--port", str(port)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(process, url, store / "serve.log")
        yield url
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium or Chrome of this machine."""
    path = installed()
    if not path:
        raise RuntimeError(REMEDY)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, url: str, path: str, theme: str, size: tuple[int, int] = (1440, 900)
) -> Iterator[tuple[Page, Watch]]:
    """A page at `path`, settled, in `theme` (light or dark), with what it and its script complain about."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        accept_downloads=True,
    )
    page, watch = context.new_page(), Watch(url)
    page.on("console", watch.console)
    page.on("request", watch.request)
    page.on("pageerror", watch.fault)
    try:
        page.goto(f"{url}/{path.lstrip('/')}")
        settle(page)
        yield page, watch
        watch.faults(page)
    finally:
        context.close()


def settle(page: Page, timeout_seconds: float = 45) -> None:
    """Wait until the script has run and everything is drawn."""
    page.wait_for_function(SETTLED, timeout=timeout_seconds * 1000)
    page.wait_for_timeout(250)
    page.wait_for_function(SETTLED, timeout=timeout_seconds * 1000)
