"""simulate-traffic against a real server in this process."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import polars as pl
import pytest
import uvicorn
from starlette.applications import Starlette

from app import api, live
from app.cli import traffic, traffic_client
from tests.app.cli_calls import done, refused
from tests.browser.serving import free_port


@pytest.fixture
def url(empty):
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=api.routes()), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
    live.close()


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    rows = [{"event_id": f"e{n}", "lead_id": f"ld_{n % 7}", "type": "page_viewed", "page": "/a"} for n in range(60)]
    pl.DataFrame(rows).with_columns(occurred_at=pl.lit("2026-01-01T00:00:00Z")).write_ndjson(path)
    return str(path)


def test_a_stored_log_is_played_as_live_events(url, log, empty):
    key = empty.rooms.write_keys.issue("web", "root")[1]
    played = ["simulate-traffic", "--url", url, "--key", key, "--file", log, "--rate", "5000"]
    found = done("simulate_traffic", *played)
    assert (found["sent"], found["accepted"], found["errors"]) == (60, 60, 0)
    repeated = [done("simulate_traffic", *played, "--as-recorded") for _ in range(2)]
    assert [one["duplicate"] for one in repeated] == [0, 60]
    assert empty.db.scalar("SELECT count(*) FROM events") == 120


def test_the_demo_stream_keeps_its_sources(monkeypatch):
    monkeypatch.setattr(traffic, "DEMO_EVENTS", 1_000)
    monkeypatch.setattr(traffic, "DEMO_LEADS", 200)
    assert set(traffic._demo(7)["source"]) == {"web", "mobile", "product", "crm"}


def test_a_server_that_is_not_there_or_knows_no_such_key_is_named(url, log):
    at = ("simulate-traffic", "--file", log, "--limit", "1")
    assert refused(*at, "--url", "http://127.0.0.1:9", "--key", "k")["code"] == "server_unreachable"
    assert refused(*at, "--url", url, "--key", "k")["code"] == "server_unreachable"
    assert refused(*at, "--url", url)["code"] == "no_write_key"


class Impatient(BaseHTTPRequestHandler):
    """Closes each connection after its first answer without saying so, as servers close idle ones."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"accepted": 1, "duplicate": 0, "errors": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        """Silent."""


def test_a_connection_that_was_closed_while_idle_is_opened_anew():
    server = HTTPServer(("127.0.0.1", 0), Impatient)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        due = ((0.0, {"type": "track", "messageId": f"m{n}"}) for n in range(3))
        tally = traffic_client.play(f"http://127.0.0.1:{server.server_port}", "k", due, connections=1, most=1)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert (tally.accepted, tally.requests) == (3, 3)
