"""The Audit tab over a long ledger: a page of it is read, whatever it is narrowed to."""

import polars as pl
import pytest

from app import services
from app.queries import audit
from core.kernel.database import LedgerPages, Narrowed
from core.kernel.database.cursors import Cursor
from tests.app.pages import page

ENTRIES = 50_000
FIRST = 1_000
FILL = f"""
INSERT INTO ledger SELECT {FIRST} + i, CASE WHEN i % 100 = 0 THEN 'policy' ELSE 'decisions' END, 'decisions.recorded',
    '2026-11-24T09:00:00Z', CASE WHEN i % 1000 = 0 THEN 'rita' ELSE 'ana' END, '{{"count":' || i || '}}',
    'sha256:' || md5((i - 1)::VARCHAR) || md5('b'), 'sha256:' || md5(i::VARCHAR) || md5('b') FROM range({ENTRIES}) t(i)
"""


@pytest.fixture
def long_ledger(open_store):
    with open_store.db.change("governance", "user.added", "root") as change:
        change.execute(FILL)
    return open_store.db


@pytest.fixture
def taken(monkeypatch) -> list[int]:
    """The heights of all frames that are read of the ledger."""
    heights: list[int] = []
    read = Cursor.read

    def counted(self, sql, params=None) -> pl.DataFrame:
        found = read(self, sql, params)
        if "ledger" in sql:
            heights.append(found.height)
        return found

    monkeypatch.setattr(Cursor, "read", counted)
    return heights


def test_a_page_of_fifty_thousand_entries_reads_a_page(long_ledger, taken):
    first = audit.page(Narrowed(), None, None)
    assert first.rows["seq"].to_list() == list(range(FIRST + ENTRIES - 1, FIRST + ENTRIES - 1 - audit.PAGE, -1))
    second = audit.page(Narrowed(), first.older)
    assert (second.rows["seq"][0], second.rows.height) == (first.rows["seq"][-1] - 1, audit.PAGE)
    back = audit.page(Narrowed(), None, second.newer)
    assert back.rows["seq"].to_list() == first.rows["seq"].to_list() and back.newer is None
    narrow = audit.page(Narrowed(("policy",), "rita"))
    assert narrow.matching == ENTRIES // 1_000 and narrow.rows["actor"].unique().to_list() == ["rita"]
    assert audit.page(Narrowed((), "nobody")).rows.is_empty()
    past = audit.page(Narrowed(), None, FIRST + 2 * ENTRIES)
    assert past.rows.equals(first.rows) and (past.older, past.newer) == (first.older, None)
    policies = Narrowed(("policy",))
    begin = audit.page(policies, 1)
    assert begin.older is None and begin.rows["seq"].to_list()[-1] == FIRST
    assert begin.newer == begin.rows["seq"][0] and begin.rows.height == audit.PAGE
    assert {"ana", "rita"} <= set(audit.actors()) and "decisions.recorded" in audit.kinds()
    assert max(taken) <= audit.PAGE


def test_the_file_holds_every_entry_that_matches(long_ledger):
    asked = Narrowed(("policy",))
    rows = audit.everything(asked)
    assert rows.height == LedgerPages(long_ledger).span(asked).matching == ENTRIES // 100
    assert rows["seq"].is_sorted(descending=True)


def test_the_page_goes_to_older_entries_and_back_by_its_address(demo, monkeypatch, taken):
    monkeypatch.setattr(audit, "PAGE", 3)
    newest = demo.db.entries()["seq"].max()
    at = page("approvals", tab="Audit")
    assert f"No. {newest:,} to {newest - 2:,}" in " ".join(one.value for one in at.caption)
    at.button(key="approvals_audit_before").click().run()
    assert at.query_params["before"] == str(newest - 2)
    assert f"No. {newest - 3:,} to {newest - 5:,}" in " ".join(one.value for one in at.caption)
    at.button(key="approvals_audit_after").click().run()
    assert f"No. {newest:,} to" in " ".join(one.value for one in at.caption)
    assert not at.exception and services.workbench() is demo


def test_an_address_that_a_list_would_cut_in_two_is_taken_out_before_and_out_of_the_whole_entry(
    open_store, monkeypatch
):
    with open_store.db.change("governance", "test.told", "ana") as change:
        change.body["comment"] = "x" * 215 + " kim@acme.example"
    (told,) = LedgerPages(open_store.db).older(Narrowed(kind="test.told"), None, 5)["body"]
    assert "kim" not in told and told.endswith('•••"}')
    monkeypatch.setattr(audit, "database", lambda: open_store.db)
    number = open_store.db.newest("test.told")
    for may in (False, True):
        monkeypatch.setattr(audit, "may", lambda _, may=may: may)
        assert ("kim@acme.example" in audit.body(number)) == may
