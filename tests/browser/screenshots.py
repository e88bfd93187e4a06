"""Pictures of every page in light and dark: `python -m tests.browser.screenshots OUT [PATH ...]`.

The store is $LEADBENCH_SCREENSHOT_STORE, or a demo store made beside the pictures. $LEADBENCH_SCREENSHOT_URL names a
server that runs already. Exit 1 where a page complained.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.navigation import SECTIONS
from tests.browser.serving import chromium, demo_store, opened, served

SIZES = {"": (1440, 900)}
THEMES = ("light", "dark")


@contextmanager
def address(folder: Path) -> Iterator[str]:
    """The address of the server to picture."""
    running = os.environ.get("LEADBENCH_SCREENSHOT_URL")
    if running:
        yield running.rstrip("/")
        return
    named = os.environ.get("LEADBENCH_SCREENSHOT_STORE")
    with served(Path(named) if named else demo_store(folder / "store")) as url:
        yield url


def pictures(folder: Path, paths: Sequence[str]) -> list[str]:
    """Write a picture a page, theme and size; what the pages complained about."""
    complaints: list[str] = []
    with address(folder) as url, chromium() as browser:
        for path in paths:
            for theme in THEMES:
                for suffix, size in SIZES.items():
                    with opened(browser, url, path, theme, size) as (page, watch):
                        page.wait_for_timeout(800)
                        name = path.split("?")[0].strip("/") or "overview"
                        page.screenshot(path=folder / f"{name}-{theme}{suffix}.png")
                    complaints += [f"/{path} {theme}: {text}" for text in watch.complaints]
    return complaints


def main(arguments: Sequence[str]) -> int:
    """Write the pictures; 1 where a page complained."""
    folder = Path(arguments[0] if arguments else "build/screenshots").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    everything = [entry.path for entries in SECTIONS.values() for entry in entries]
    complaints = pictures(folder, arguments[1:] or everything)
    sys.stderr.writelines(f"{text}\n" for text in complaints)
    sys.stderr.write(f"pictures are in {folder}\n")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
