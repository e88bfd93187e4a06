"""Write keys on the command line."""

import pytest

from core.kernel.clock import SystemClock
from core.workbench import Workbench
from tests.app.cli_calls import call, done, refused


@pytest.fixture
def store(tmp_path):
    with Workbench.open(tmp_path / "store", SystemClock()):
        pass
    return str(tmp_path / "store")


def test_a_key_is_issued_once_listed_and_revoked(store):
    issued = done("keys_issue", "keys", "issue", "--source", "web-site", "--store", store, user="root")
    listed = done("keys_list", "keys", "list", "--store", store)["keys"]
    assert [key["key_id"] for key in listed] == [issued["key_id"]]
    assert issued["key"] not in call("keys", "list", "--store", store).stdout
    assert not done("keys_revoke", "keys", "revoke", issued["key_id"], "--store", store, user="root")["active"]


def test_keys_are_refused_to_an_analyst_and_for_a_name_that_is_none(store):
    assert refused("keys", "issue", "--source", "web", "--store", store, user="ana")["code"] == "forbidden"
    assert refused("keys", "issue", "--source", "W b", "--store", store, user="root")["code"] == "invalid_source_name"
    assert refused("keys", "revoke", "k009", "--store", store, user="root")["code"] == "unknown_key_id"
    assert refused("keys", "list", "--store", f"{store}-none")["code"] == "no_store"
