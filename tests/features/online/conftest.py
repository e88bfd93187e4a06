"""One store a module, which each case empties."""

import pytest

from tests.features.logs import open_store


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    with open_store(tmp_path_factory.mktemp("store") / "store") as store:
        yield store
