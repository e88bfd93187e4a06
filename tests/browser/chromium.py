"""Find a Chromium or Chrome for the browser tests, and get one where there is none."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
REMEDY = (
    "No Chromium or Chrome was found, and none could be got. Install one (Debian, Ubuntu: apt-get install chromium; "
    "elsewhere: .venv/bin/playwright install chromium), or name it in CHROMIUM=/path/to/chrome."
)


def installed() -> str | None:
    """Path of a browser on this machine: $CHROMIUM first, then the usual names, then Playwright's own."""
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [shutil.which(name) for name in NAMES]
    return next((path for path in found if path), None) or playwrights_own()


def playwrights_own() -> str | None:
    """Path of the browser that `playwright install` has put down, if it has."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None  # noqa: PTH110


def get() -> str | None:
    """Install Debian's package as root, else let Playwright download its own; the path, or None."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        ran("apt-get", "update") and ran("apt-get", "install", "-y", "--no-install-recommends", "chromium")
    return installed() or (installed() if ran(sys.executable, "-m", "playwright", "install", "chromium") else None)


def ran(*command: str) -> bool:
    """Whether a command came to a good end; its output goes to standard error."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, stdout=sys.stderr, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    path = installed() or get()
    if not path:
        sys.exit(REMEDY)
    print(f"browser: {path}")
