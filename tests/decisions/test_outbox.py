"""The outbox: written with decisions, delivered at least once, also after a crash; retried, dead, sent anew."""

import base64
import json
import threading
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import FileIO
from types import SimpleNamespace

import pytest

from core.decisions.engine import decide
from core.decisions.errors import SinkInvalid
from core.decisions.outbox import NO_DECISION, WAITS, Answer, Rounds, deliver
from core.decisions.sinks import FILE, Lines, Webhook, signature, sink_of
from core.decisions.spine import population
from core.decisions.states import FRESH, after, state_inputs
from core.decisions.store_outbox import OutboxStore
from core.kernel.clock import FixedClock
from core.kernel.errors import NoSpace
from core.kernel.settings import Settings
from core.policy import parser
from core.policy.default import propose, thresholds_from
from tests.decisions.conftest import AS_OF, NOW, fill, open_store

STATES = "states: {new: {}, qualifying: {}, working: {}, nurturing: {}, disqualified: {}}"
EFFECTS = """states:
    new:          {entry: [stamp_received], sla_min: 60, on_timeout: qualifying}
    qualifying:   {entry: [assign_bucket], sla_min: 1440, on_timeout: nurturing}
    working:      {entry: [notify_owner, start_sla], exit: [stop_sla]}
    nurturing:    {entry: [enrol_nurture], exit: [unenrol_nurture]}
    disqualified: {}"""
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture(scope="module")
def moving(model):
    text = propose("default", thresholds_from(model.reference.probabilities))
    assert text.count(STATES) == 1
    return parser.load(text.replace(STATES, EFFECTS), "moving.yaml")


@pytest.fixture
def deciders(feature_set, model, moving):
    return {"feature_set": feature_set, "model": model, "policy": moving, "arm": "live", "actor": "ana"}


def spine(store, leads=6):
    return population(store, as_of=AS_OF).spine.head(leads)


class Sink:
    """Remembers what it is told, and answers as it is told to."""

    def __init__(self, *answers):
        self.heard, self.answers = [], list(answers)

    def send(self, message_id, body, moment):
        self.heard.append((message_id, json.loads(body)))
        return self.answers.pop(0) if self.answers else Answer(True)

    def close(self):
        pass


def test_messages_are_written_with_their_decisions_and_delivered_after_the_store_was_opened_again(tmp_path, deciders):
    with open_store(tmp_path) as store:
        fill(store)
        added = decide(store, spine(store), **deciders).added
        waiting = OutboxStore(store).counts()["waiting"]
        entry = store.entries("decisions").row(-1, named=True)
        assert json.loads(entry["body"])["messages"] == waiting > added
        assert decide(store, spine(store), **deciders).added == 0
        assert OutboxStore(store).counts() == {"waiting": waiting}
    with open_store(tmp_path) as store:
        done = deliver(store, sink_of(Settings(), store.directory))
        assert (done.delivered, done.waiting) == (waiting, 0)
        lines = [json.loads(line) for line in (store.directory / FILE).read_text().splitlines()]
        assert len({line["id"] for line in lines}) == waiting
        mine = [line["message"] for line in lines if line["message"]["data"]["decision"]["lead_id"] == "l-0001"]
        names = [one["data"]["effect"]["name"] for one in mine]
        state = mine[0]["data"]["decision"]["next_state"]
        assert names == ["stamp_received", *state_effects(deciders["policy"], state)]
        assert mine[0]["type"] == "lead.entry.stamp_received"
        assert deliver(store, Sink()).delivered == 0


def state_effects(policy, state):
    return list(policy.document.lifecycle.states[state].entry)


@pytest.mark.parametrize("arm", ["trial", "shadow"])
def test_decisions_that_nobody_acts_on_send_nothing(store, deciders, arm):
    decide(store, spine(store), **{**deciders, "arm": arm})
    assert OutboxStore(store).counts() == {}


def test_what_was_sent_and_not_noted_before_a_crash_is_sent_again_under_its_id(store, deciders, monkeypatch):
    decide(store, spine(store, 2), **deciders)
    first, second = Sink(), Sink()
    with monkeypatch.context() as patch:
        patch.setattr(OutboxStore, "settle", lambda *crash: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            deliver(store, first)
    deliver(store, second)
    assert second.heard and [one for one, _ in second.heard] == [one for one, _ in first.heard]


def test_a_failing_message_keeps_its_leads_later_ones_back_then_is_dead_and_can_be_sent_anew(store, deciders):
    decide(store, spine(store, 2), **deciders)
    box = OutboxStore(store)
    first = box.due(NOW, 1)[0]
    for attempt, wait in enumerate([*WAITS, None]):
        sink = Sink(Answer(False, "HTTP 500"))
        deliver(store, sink)
        assert sink.heard[0][0] == first.message_id
        heard = [body["data"]["decision"]["lead_id"] for _, body in sink.heard]
        assert heard.count(first.lead_id) == 1 and len(set(heard)) == (2 if attempt == 0 else 1)
        if wait:
            row = box.listed("waiting", 99).filter(message_id=first.message_id).row(0, named=True)
            assert row["attempts"] == attempt + 1 and row["error"] == "HTTP 500"
            assert wait <= row["due_at"].replace(tzinfo=UTC) - store.clock.now() <= 1.1 * wait
            assert deliver(store, Sink()).delivered == 0
            store.clock = FixedClock(row["due_at"].replace(tzinfo=UTC))
    assert box.dead() == [first.message_id]
    sink = Sink()
    deliver(store, sink)
    assert {body["data"]["decision"]["lead_id"] for _, body in sink.heard} == {first.lead_id}
    assert box.retry(box.dead(), "ana") == 1 and box.retry(["m_none"], "ana") == 0
    assert deliver(store, Sink()).delivered == 1 and box.counts().keys() == {"delivered"}


def test_a_receiver_that_is_down_is_asked_once_a_round_and_one_that_is_gone_no_more(store, deciders):
    decide(store, spine(store), **deciders)
    down = Sink(Answer(False, "refused", is_down=True))
    assert deliver(store, down).failed == 1 == len(down.heard)
    gone = Sink(Answer(False, "HTTP 410", is_final=True))
    assert deliver(store, gone).dead == 1
    slow = Sink(Answer(False, "HTTP 429", timedelta(hours=3), is_down=True))
    deliver(store, slow)
    due = OutboxStore(store).listed("waiting", 99).filter(error="HTTP 429")["due_at"].item()
    assert due.replace(tzinfo=UTC) == NOW + timedelta(hours=3)


def test_a_server_asks_a_receiver_that_is_away_ever_less_often(store, deciders, monkeypatch):
    decide(store, spine(store), **deciders)
    away = Sink(*[Answer(False, "refused", is_down=True)] * 3)
    rounds, entries = Rounds(store, lambda: away), store.entries().height
    for second in range(0, 700, 2):
        store.clock = FixedClock(NOW + timedelta(seconds=second))
        rounds()
        if second == 308:
            assert len(away.heard) == store.entries().height - entries == 3
    assert OutboxStore(store).counts().keys() == {"delivered"}
    monkeypatch.setattr(OutboxStore, "due", lambda *asked: pytest.fail("nothing waits and nothing was written"))
    rounds()


def test_a_full_disk_repeats_no_round_at_once(store, deciders, monkeypatch):
    decide(store, spine(store, 2), **deciders)
    sink = Sink()
    rounds = Rounds(store, lambda: sink)
    monkeypatch.setattr(OutboxStore, "settle", lambda *full: (_ for _ in ()).throw(NoSpace(store.directory, "full")))
    with pytest.raises(NoSpace):
        rounds()
    heard = len(sink.heard)
    rounds()
    assert len(sink.heard) == heard > 0


def test_a_message_that_its_sink_fails_on_holds_up_no_other_lead(store, deciders):
    decide(store, spine(store, 2), **deciders)
    sink, failing = Sink(), OutboxStore(store).due(NOW, 1)[0]

    class Faulty(Sink):
        def send(self, message_id, body, moment):
            if message_id == failing.message_id:
                raise OverflowError("too much")
            return sink.send(message_id, body, moment)

    assert deliver(store, Faulty()).failed == 1
    assert sink.heard and all(body["data"]["decision"]["lead_id"] != failing.lead_id for _, body in sink.heard)
    assert OutboxStore(store).listed("waiting", 99).filter(error="OverflowError: too much").height == 1


def test_a_message_whose_decision_is_gone_blocks_no_other_and_ends_as_gone(store, deciders):
    decide(store, spine(store, 2), **deciders)
    box = OutboxStore(store)
    first = box.due(NOW, 1)[0]
    with store.change("decisions", "decisions.recorded", "ana") as change:
        change.execute("DELETE FROM decisions WHERE lead_id = ?", [first.lead_id])
    sink, orphans = Sink(), box.listed("waiting", 99).filter(lead_id=first.lead_id).height
    governance, done = store.revision("governance"), deliver(store, sink, orphans)
    assert (done.delivered, done.gone, done.waiting) == (orphans, orphans, box.counts().get("waiting", 0))
    assert all(body["data"]["decision"]["lead_id"] != first.lead_id for _, body in sink.heard)
    ended = box.listed("gone", 99)
    assert set(ended["lead_id"]) == {first.lead_id} and set(ended["error"]) == {NO_DECISION}
    assert ended["settled_at"].null_count() == 0 and box.retry(ended["message_id"].to_list(), "ana") == 0
    assert store.revision("governance") == governance
    assert json.loads(store.entries("decisions")["body"][-1]) == {
        "waiting": 0,
        "delivered": orphans,
        "dead": 0,
        "gone": orphans,
    }


def test_a_store_whose_deliveries_were_told_in_governance_is_opened_and_delivers_on(tmp_path, deciders):
    with open_store(tmp_path) as store:
        fill(store)
        decide(store, spine(store, 2), **deciders)
        with store.change("governance", "outbox.sent", "outbox") as change:
            change.body.update(waiting=0, delivered=1, dead=0)
    with open_store(tmp_path) as store:
        assert deliver(store, Sink()).delivered and store.verify().ok
        assert store.entries("decisions")["kind"][-1] == "outbox.sent"


def test_a_full_file_of_messages_is_put_by_and_only_the_oldest_of_those_go(tmp_path):
    lines = Lines(tmp_path / FILE, most_bytes=100, kept=2)
    (tmp_path / "outbox-copied.jsonl").write_text("somebody's own")
    sent = [f"m_{place}" for place in range(8)]
    for message_id in sent:
        assert lines.send(message_id, b'"' + b"x" * 20 + b'"', NOW).ok
        lines.close()
    names = sorted(path.name for path in tmp_path.iterdir() if path.name != "outbox-copied.jsonl")
    assert names == ["outbox-000002.jsonl", "outbox-000003.jsonl", "outbox.jsonl"]
    told = [json.loads(line)["id"] for name in names for line in (tmp_path / name).read_text().splitlines()]
    assert told == sent[2:] and all((tmp_path / name).stat().st_size <= 100 for name in names)


def test_a_line_that_a_full_disk_cut_off_garbles_no_other(tmp_path, monkeypatch):
    lines = Lines(tmp_path / FILE, most_bytes=10_000, kept=2)
    assert lines.send("m_1", b"{}", NOW).ok
    with monkeypatch.context() as patch:
        patch.setattr("core.decisions.sinks.FileIO", Short)
        lines.close()
        assert lines.send("m_2", b"{}", NOW) == Answer(
            False, f"{tmp_path / FILE}: No space left on device", is_down=True
        )
    assert lines.send("m_2", b"{}", NOW).ok
    lines.close()
    whole = [line for line in (tmp_path / FILE).read_text().splitlines() if line.endswith("}")]
    assert [json.loads(line)["id"] for line in whole] == ["m_1", "m_2"]


class Short(FileIO):
    """A file on a disk with room for half of what is written."""

    def write(self, line):
        return super().write(line[: len(line) // 2])


def test_each_message_has_its_own_moment_and_a_round_that_takes_long_ends(store, deciders):
    decide(store, spine(store), **deciders)

    class Slow(Sink):
        def send(self, message_id, body, moment):
            seconds.append(4)
            return super().send(message_id, body, moment)

    seconds, slow = [], Slow()
    store.clock = SimpleNamespace(now=lambda: NOW + timedelta(seconds=sum(seconds)))
    assert deliver(store, slow).delivered == 3
    sent = [body["timestamp"] for _, body in slow.heard]
    assert sent == ["2026-11-24T09:00:00Z", "2026-11-24T09:00:04Z", "2026-11-24T09:00:08Z"]


def test_time_outs_between_two_decisions_bring_about_their_effects_in_order(moving):
    told = state_inputs(moving)
    stood = after(FRESH, AS_OF, "warm", "new")

    def names(minutes, next_state):
        return [one.name for one in told.effects(stood, AS_OF + timedelta(minutes=minutes), next_state)]

    assert names(59, "new") == []
    assert names(60, "qualifying") == ["assign_bucket"]
    assert names(60 + 1440, "working") == [
        "assign_bucket", "enrol_nurture", "unenrol_nurture", "notify_owner", "start_sla",
    ]  # fmt: skip
    assert told.effects(stood, None, "working")[0].kind == "entry"


class Receiver(BaseHTTPRequestHandler):
    """Answers with the statuses that its server lists."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), body))
        status, headers = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def receiver():
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.heard, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield SimpleNamespace(server=server, url=f"http://127.0.0.1:{server.server_port}/hook?a=1")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_signed_follows_no_redirect_and_says_how_it_was_answered(receiver):
    receiver.server.answers += [
        (200, {}),
        (302, {"Location": "http://127.0.0.1:1/"}),
        (429, {"Retry-After": "9"}),
        (410, {}),
        (503, {"Retry-After": "99999999999999999"}),
    ]
    hook = Webhook(receiver.url, SECRET)
    answers = [hook.send(f"m_{place}", b"{}", NOW) for place in range(5)]
    assert answers[0] == Answer(True)
    assert (answers[1].ok, answers[1].detail, answers[1].is_down) == (False, "HTTP 302", False)
    assert (answers[2].wait, answers[2].is_down) == (timedelta(seconds=9), True)
    assert answers[3].is_final
    assert answers[4].wait == timedelta(days=1)
    hook.close()
    headers, body = receiver.server.heard[0]
    stamp = headers["webhook-timestamp"]
    assert headers["webhook-signature"] == signature(b"k" * 32, "m_0", stamp, body)
    assert int(stamp) == NOW.timestamp()


def test_nobody_there_and_settings_that_cannot_be_used(tmp_path):
    nobody = Webhook("http://127.0.0.1:1/").send("m_1", b"{}", NOW)
    assert not nobody.ok and nobody.is_down and "ConnectionRefused" in nobody.detail
    assert "Is a directory" in Lines(tmp_path, 99, 1).send("m_1", b"{}", NOW).detail
    for given in ({"outbox_url": "ftp://x/y"}, {"outbox_url": "http://x/", "outbox_secret": "whsec_short"}):
        with pytest.raises(SinkInvalid):
            sink_of(Settings(**given), tmp_path)
