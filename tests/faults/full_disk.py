"""Run by test_pressure in its own process: live events under a small file-size limit, then without; prints JSON."""

import json
import resource
import signal
import sys
import time
from pathlib import Path

from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import api, live, services
from core.workbench import Workbench

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
STORE = Path(sys.argv[1])


def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


with Workbench.open(STORE) as bench:
    services.use(bench)
    key = bench.rooms.write_keys.issue("web", "root")[1]
    client = TestClient(Starlette(routes=api.routes()))
    acknowledged, statuses, codes, retry = [], [], set(), set()

    def send(number):
        events = [
            {
                "type": "track",
                "messageId": f"e{number}-{place}",
                "userId": "u",
                "event": "a",
                "properties": {"x": "y" * 500},
            }
            for place in range(100)
        ]
        answer = client.post("/v1/batch", json={"batch": events}, headers={"Authorization": f"Bearer {key}"})
        statuses.append(answer.status_code)
        if answer.status_code == 200:
            acknowledged.append(number)
        else:
            codes.add(answer.json()["code"])
            retry.add("retry-after" in answer.headers)

    send(0)
    head = bench.db.revision()
    limit(max(path.stat().st_size for path in STORE.glob("store.duckdb*")) + 200_000)
    for number in range(1, 30):
        send(number)
    during = client.get("/healthz").json()["store"]
    limit(resource.RLIM_INFINITY)
    time.sleep(1.1)
    for number in range(100, 103):
        send(number)
    stored = bench.db.scalar("SELECT count(*) FROM events")
    told = {
        "statuses": statuses,
        "codes": sorted(codes),
        "retry": sorted(retry),
        "during": during,
        "after": client.get("/healthz").json()["store"],
        "acknowledged": 100 * len(acknowledged),
        "stored": stored,
        "ok": bench.db.verify().ok,
    }
    live.close()
with Workbench.open(STORE) as bench:
    told["stored_again"] = bench.db.scalar("SELECT count(*) FROM events")
print(json.dumps(told))
