"""Identity on the command line: a visitor becomes known, is shown with its history, and is separated again."""

import pytest

from tests.app.cli_calls import call, done, refused

VISITS = """event_id,lead_id,anonymous_id,type,occurred_at
e1,,v1,page_viewed,2026-01-01
e2,ann,v1,identify,2026-01-03
"""


@pytest.fixture
def at(tmp_path):
    path = tmp_path / "visits.csv"
    path.write_text(VISITS)
    at = ("--store", str(tmp_path / "store"))
    assert done("import", "import", "events", str(path), *at, user="ana")["merged"] == 1
    return at


def test_an_identity_is_shown_as_known_at_a_time(at):
    found = done("identity_show", "identity", "show", "v1", *at)
    assert (found["root"], [one["lead_id"] for one in found["members"]]) == ("ann", ["ann", "v1"])
    before = done("identity_show", "identity", "show", "v1", "--at", "2026-01-02", *at)
    assert (before["root"], len(before["members"])) == ("v1", 1)
    assert done("identity_list", "identity", "list", *at)["merged"] == 1
    assert "ann" in call("identity", "show", "v1", *at).stdout


def test_an_unmerge_needs_the_permission_a_reason_and_a_merged_id(at):
    step = ("identity", "unmerge", "v1", "--reason", "two people", *at)
    assert refused(*step, user="rita")["code"] == "forbidden"
    assert refused("identity", "unmerge", "v1", "--reason", " ", *at, user="ana")["code"] == "reason_missing"
    assert refused("identity", "unmerge", "ann", "--reason", "x", *at, user="ana")["code"] == "not_merged"
    assert refused("identity", "show", "nobody", *at)["code"] == "unknown_lead"
    assert done("identity_unmerge", *step, user="ana") == {"lead_id": "v1", "from": "ann"}
    assert done("identity_list", "identity", "list", *at)["merged"] == 0
