"""Ten times what the queue holds, over real HTTP: some are asked to wait, memory stays bounded, nothing is lost."""

from concurrent.futures import ThreadPoolExecutor

from core.kernel.clock import SystemClock
from core.kernel.database import Database
from tests.faults.serving import nursery, served

MOST, EACH, REQUESTS = 600, 100, 60
MOST_GROWTH = 150 * 2**20


def batch(number):
    return {
        "batch": [
            {"type": "track", "messageId": f"e{number}-{place}", "userId": f"u{place}", "event": "a", "channel": "web"}
            for place in range(EACH)
        ]
    }


def test_a_burst_is_asked_to_wait_over_http_and_what_is_taken_is_there(tmp_path):
    with nursery() as by, served(tmp_path / "store", by, most=MOST) as server:
        assert server.post("batch", batch("first"))[0] == 200
        before = server.memory
        with ThreadPoolExecutor(REQUESTS) as senders:
            answers = list(senders.map(lambda number: server.ask("batch", batch(number)), range(REQUESTS)))
        grown = server.memory - before
        taken = [number for number, (status, _, _) in enumerate(answers) if status == 200]
        told = [(body, headers) for status, body, headers in answers if status == 429]
        assert len(taken) + len(told) == REQUESTS and taken and told
        assert all(int(headers["Retry-After"]) >= 1 for _, headers in told)
        assert {body["code"] for body, _ in told} == {"queue_full"}
        assert grown < MOST_GROWTH
        assert server.post("batch", batch("last"))[0] == 200, "it has not recovered"
        server.kill()
    with Database.open(tmp_path / "store", SystemClock()) as db:
        assert db.verify().ok
        assert db.scalar("SELECT count(*) FROM events") == EACH * (len(taken) + 2)
