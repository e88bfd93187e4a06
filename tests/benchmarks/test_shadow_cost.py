"""What a challenger in shadow costs the decisions on arrival (`make bench`): slices with and without it, in one run."""

import json
import threading
import time

import numpy as np
import pytest

from app import live, services
from core.demo import generate
from core.governance.users import SYSTEM
from core.kernel.clock import SystemClock
from core.recipes import shadowing
from core.recipes.document import TrainPart
from core.recipes.reader import read_recipe
from core.signals.ingest import Sender, segment_call
from core.workbench import Workbench

pytestmark = pytest.mark.bench
SHADOWED, SLICE_SECONDS, PER_SECOND = (False, True, True, False), 60, 50
MOST_P50, MOST_P99 = 1.2, 1.5


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """The demo with a champion of 300 trees and a challenger of 200, live without shadow rounds of its own."""
    monkeypatch.setattr(live, "SHADOW_SECONDS", 1e6)
    files = generate(tmp_path / "demo", events=12_000, leads=1_000, seed=7)
    text = files.recipe.read_text().replace("trees: 200", "trees: 300").replace("last: 7d", "last: 1d")
    files.recipe.write_text(text)
    with Workbench.open(tmp_path / "store", SystemClock()) as opened:
        champion = opened.runner.run(read_recipe(files.recipe), actor="ana")["model"]
        opened.rooms.model_releases.release(champion["hash"], champion["version"], "rita", "figures checked")
        opened.runner.train(actor="ana", settings=TrainPart.model_validate({"trees": 200}))
        shadowing.catch_up(opened.rooms, SYSTEM, 10_000)
        services.use(opened)
        yield opened
        live.close()
        services.use(None)


class Stream:
    """Fifty events a second in open loop; seconds from each answer until a new cursor sees the decision."""

    def __init__(self, bench: Workbench) -> None:
        self.leads = bench.rooms.decisions.latest()["lead_id"].to_list()
        self.running, self.sent, self.guard = live.live(), 0, threading.Lock()
        self.acknowledged: dict[str, float] = {}
        self.waited: list[float] = []
        self.running.arrivals.hear(self._heard)

    def _heard(self, done) -> None:
        now = time.perf_counter()
        with self.guard:
            self.waited.extend(now - self.acknowledged.get(one.event_id, now) for one in done.decided)

    def play(self, seconds: float) -> np.ndarray:
        """The milliseconds that the decisions of so many seconds of events took."""
        self.waited.clear()
        for _ in range(int(PER_SECOND * seconds)):
            self._send()
            time.sleep(1 / PER_SECOND)
        assert self.running.arrivals.wait_until_idle(120)
        return np.array(self.waited) * 1e3

    def _send(self) -> None:
        self.sent += 1
        key = f"b{self.sent}"
        body = {"messageId": key, "userId": self.leads[self.sent % len(self.leads)], "event": "pricing_viewed"}
        parcel = segment_call(json.dumps(body).encode(), "track", Sender("web"), live.now())
        self.running.ingest.submit(parcel).add_done_callback(
            lambda _: self.acknowledged.__setitem__(key, time.perf_counter())
        )


def test_a_challenger_in_shadow_hardly_delays_a_decision(bench):
    """A shadow round at the beginning of a minute, as a server does it in each; minutes without it before and after."""
    stream, taken, scored = Stream(bench), {False: [], True: []}, []
    assert stream.running.arrivals.wait_until_idle(300)
    stream.play(10)
    for shadowed in SHADOWED:
        beside = threading.Thread(target=lambda: scored.append(live.shadow(bench, stream.running.arrivals)))
        if shadowed:
            beside.start()
        taken[shadowed].append(stream.play(SLICE_SECONDS))
        p50, p99 = np.percentile(taken[shadowed][-1], [50, 99])
        print(f"a minute {'in shadow' if shadowed else 'alone'}: p50 {p50:.0f}, p99 {p99:.0f} ms")
        if shadowed:
            beside.join()
    alone, both = (np.percentile(np.concatenate(taken[key]), [50, 99]) for key in (False, True))
    print(
        f"alone p50 {alone[0]:.0f}, p99 {alone[1]:.0f} ms; in shadow p50 {both[0]:.0f}, p99 {both[1]:.0f} ms; {scored}"
    )
    assert min(scored) > 0
    assert both[0] <= MOST_P50 * alone[0] and both[1] <= MOST_P99 * alone[1]
