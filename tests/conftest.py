"""What every test room shares: the real data folder, and a project root that is the same from anywhere."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")

LONG = ("tests/recipes", "tests/browser", "tests/app", "tests/faults")
"""Rooms with long files; they begin first, so that no worker is left with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long rooms first, every file as it stands."""
    items.sort(key=lambda item: next((place for place, room in enumerate(LONG) if item.nodeid.startswith(room)), 9))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data sets; a test that needs it is skipped with the reason where it is absent."""
    folder = Path(os.environ.get("LEADBENCH_TEST_DATA", ROOT.parent / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; name its folder in $LEADBENCH_TEST_DATA")
    return folder
