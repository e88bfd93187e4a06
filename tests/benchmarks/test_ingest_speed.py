"""Live ingest over HTTP and deciding on arrival: throughput, latencies and memory (`make bench`).

The server runs in a process of its own; the client is this one. Figures are absolute: read them on a quiet machine.
"""

import json
import os
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app.cli import traffic_client
from tests.faults.serving import KEY, served

pytestmark = pytest.mark.bench
FULL = os.environ.get("LEADBENCH_BENCH_SIZE") == "full"
EVENTS = 300_000 if FULL else 60_000
SINGLES = 5_000 if FULL else 1_500
STEADY_SECONDS = 600 if FULL else 30
BATCHED_PER_SECOND, SINGLE_PER_SECOND = 10_000, 500
P50_MS, P99_MS = 50, 250
MOST_GROWTH_BYTES_AN_EVENT = 300
MOST_LOOSE_BYTES = 16 * 2**20


def messages(count, start=0):
    for number in range(start, start + count):
        yield (
            0.0,
            {
                "type": "track",
                "messageId": f"e{number}",
                "userId": f"ld_{number % 5_000}",
                "event": f"kind_{number % 25}",
                "channel": "web",
                "timestamp": "2026-11-20T10:00:00Z",
                "properties": {"page": "/pricing", "plan": "team"},
            },
        )


def processor(process):
    """Seconds of processor time that the process has taken."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process):
    """Resident bytes."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_batches_of_a_hundred_are_stored_ten_thousand_a_second_and_memory_stays_flat(tmp_path):
    with served(tmp_path / "store") as server:
        traffic_client.play(server.url, KEY, messages(20_000), 32)
        before, busy, began = memory(server.process), processor(server.process), time.perf_counter()
        tally = traffic_client.play(server.url, KEY, messages(EVENTS, 20_000), 32)
        seconds = time.perf_counter() - began
        grown = (memory(server.process) - before) / EVENTS
        found, spent = tally.to_json(seconds), (processor(server.process) - busy) / EVENTS
        print(f"batches of 100, 32 connections: {json.dumps(found)}")
        print(f"the server took {spent * 1e6:.0f} us of processor time and {grown:,.0f} bytes more an event")
        assert tally.accepted == EVENTS
        assert found["events_per_s"] >= BATCHED_PER_SECOND
        assert grown <= MOST_GROWTH_BYTES_AN_EVENT


def test_single_events_on_sixteen_connections_are_stored_five_hundred_a_second(tmp_path):
    with served(tmp_path / "store") as server:
        traffic_client.play(server.url, KEY, messages(300), 16, 1)
        busy, began = processor(server.process), time.perf_counter()
        tally = traffic_client.play(server.url, KEY, messages(SINGLES, 300), 16, 1)
        found = tally.to_json(time.perf_counter() - began)
        spent = (processor(server.process) - busy) / SINGLES
        print(f"1 event a request, 16 connections: {json.dumps(found)}; {spent * 1e3:.1f} ms of processor time each")
        assert tally.accepted == SINGLES
        assert found["events_per_s"] >= SINGLE_PER_SECOND


def test_memory_stays_flat_while_events_come_in(tmp_path):
    """300 events a second; at each fifth of the run the server's resident bytes."""
    count, seen = 300 * STEADY_SECONDS, []

    def due():
        for place, (_, message) in enumerate(messages(count, 10_000)):
            if place % (count // 5) == 0:
                seen.append(memory(server.process))
            yield place / 300, message

    with served(tmp_path / "store") as server:
        traffic_client.play(server.url, KEY, messages(10_000), 16)
        tally = traffic_client.play(server.url, KEY, due(), 16)
        seen.append(memory(server.process))
    print(f"resident over {STEADY_SECONDS} s: {', '.join(f'{size / 2**20:,.0f}' for size in seen)} MB")
    assert tally.accepted == count
    assert seen[-1] - seen[1] <= MOST_GROWTH_BYTES_AN_EVENT * count * 4 // 5 + MOST_LOOSE_BYTES


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    """A demo store with a model of 300 trees."""
    from core.demo import generate
    from core.kernel.clock import SystemClock
    from core.recipes.reader import read_recipe
    from core.workbench import Workbench

    folder = tmp_path_factory.mktemp("arrivals")
    files = generate(folder / "demo", events=60_000 if FULL else 12_000, leads=4_000 if FULL else 1_000, seed=7)
    text = files.recipe.read_text().replace("trees: 200", "trees: 300").replace("last: 7d", "last: 1d")
    files.recipe.write_text(text)
    with Workbench.open(folder / "store", SystemClock()) as bench:
        bench.runner.run(read_recipe(files.recipe), actor="ana")
    return folder / "store"


def test_fifty_events_a_second_are_decided_within_the_bars(decided, tmp_path):
    """Open loop in one process: from the answer to the moment at which a new cursor sees the decision."""
    from app import live, services
    from core.kernel.clock import SystemClock
    from core.signals.ingest import Sender, segment_call
    from core.workbench import Workbench

    shutil.copytree(decided, tmp_path / "store")
    acknowledged, waited, guard = {}, [], threading.Lock()

    def heard(done):
        now = time.perf_counter()
        with guard:
            waited.extend(now - acknowledged.get(one.event_id, now) for one in done.decided)

    with Workbench.open(tmp_path / "store", SystemClock()) as bench:
        services.use(bench)
        leads = bench.rooms.decisions.latest()["lead_id"].to_list()
        running = live.live()
        assert running.arrivals.wait_until_idle(300)
        running.arrivals.hear(heard)

        def send(number):
            body = {"messageId": f"b{number}", "userId": leads[number % len(leads)], "event": "pricing_viewed"}
            parcel = segment_call(json.dumps(body).encode(), "track", Sender("web"), live.now())

            def answered(_):
                acknowledged[body["messageId"]] = time.perf_counter()

            running.ingest.submit(parcel).add_done_callback(answered)

        for number in range(50 * (STEADY_SECONDS + 5)):
            send(number)
            time.sleep(0.02)
        assert running.arrivals.wait_until_idle(120)
        live.close()
        services.use(None)
    steady = np.array(waited[250:]) * 1e3
    p50, p95, p99 = np.percentile(steady, [50, 95, 99])
    print(f"acknowledged to decided, 50 events/s: p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f} ms of {len(steady):,}")
    assert p50 < P50_MS
    assert p99 < P99_MS
