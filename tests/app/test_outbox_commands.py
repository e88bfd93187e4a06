"""The outbox on the command line and on Observability."""

import polars as pl
import pytest

from core.decisions.store_outbox import SCHEMA, OutboxStore
from core.kernel.clock import SystemClock
from core.workbench import Workbench
from tests.app.cli_calls import call, done, refused
from tests.app.pages import page


def put(db, *statuses):
    """Messages without decisions, with these statuses."""
    rows = [(f"m_{place}", f"d_{place}", f"l-{place}", "entry", "notify", "working") for place in range(len(statuses))]
    with db.change("decisions", "decisions.recorded", "ana") as change:
        OutboxStore(db).put(change, pl.DataFrame(rows, schema=SCHEMA, orient="row"))
        for place, status in enumerate(statuses):
            change.execute(
                "UPDATE outbox SET status = ?, error = 'HTTP 500' WHERE message_id = ?", [status, f"m_{place}"]
            )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outbox") / "store"
    with Workbench.open(folder, SystemClock()) as bench:
        put(bench.db, "dead", "dead", "delivered")
    return str(folder)


def test_messages_are_listed_retried_and_delivered(store):
    at = ("--store", store)
    found = done("outbox_list", "outbox", "list", "--status", "dead", *at)
    assert found["counts"] == {"waiting": 0, "delivered": 1, "dead": 2}
    assert [one["message_id"] for one in found["messages"]] == ["m_1", "m_0"]
    assert done("outbox_retry", "outbox", "retry", "m_0", *at, user="ana")["retried"] == 1
    assert done("outbox_retry", "outbox", "retry", "--all", *at, user="ana")["retried"] == 1
    assert done("outbox_deliver", "outbox", "deliver", *at, user="ana")["waiting"] == 2
    assert "2 waiting" in call("outbox", "list", *at).stdout


def test_what_the_outbox_refuses(store):
    at = ("--store", store)
    assert refused("outbox", "retry", "m_9", *at, user="ana")["code"] == "unknown_message"
    assert refused("outbox", "deliver", *at, user="rita")["code"] == "forbidden"
    assert refused("outbox", "list", "--store", f"{store}-none")["code"] == "no_store"
    assert call("outbox", "retry", *at, user="ana").returncode == 2


def test_observability_shows_what_is_not_delivered_and_sends_dead_ones_again(demo_copy):
    assert any("No message yet" in one.value for one in page("observability").caption)
    put(demo_copy.db, "dead", "waiting")
    at = page("observability")
    assert any("1 waiting · 0 delivered · 1 dead" in one.value for one in at.caption)
    next(one for one in at.button if one.label == "Send 1 dead ones again").click().run()
    assert OutboxStore(demo_copy.db).counts() == {"waiting": 2}
