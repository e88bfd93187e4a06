"""This server's live part, once for all requests: it commits events, decides leads, and keeps the log in order."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import RLock

from app import services
from core.decisions.arrivals import Arrivals
from core.decisions.outbox import Rounds, Sink
from core.decisions.sinks import sink_of
from core.governance.keeper import Keeper
from core.governance.users import SYSTEM
from core.governance.write_keys import WriteKeys
from core.kernel.repeating import Repeating
from core.recipes import shadowing
from core.recipes.arriving import Choice
from core.recipes.sweeping import sweep_now
from core.signals.ingest import Ingest
from core.signals.upkeep import Upkeep
from core.workbench import Workbench

IDLE_SECONDS = 5.0
SWEEP_SECONDS, DELIVER_SECONDS, SHADOW_SECONDS = 60.0, 2.0, 60.0
SHADOW_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Live:
    """The live part of one open store."""

    bench: Workbench
    ingest: Ingest
    arrivals: Arrivals
    upkeep: Upkeep
    keeper: Keeper
    repeating: tuple[Repeating, ...]

    @classmethod
    def on(cls, bench: Workbench) -> "Live":
        """Start taking events into the store and deciding their leads."""
        choice = Choice(bench.rooms)
        arrivals = Arrivals(bench.db, choice)
        ingest = Ingest(bench.db, committed=arrivals.offer)
        upkeep = Upkeep(bench.db, partial(ingest.is_idle, IDLE_SECONDS))
        repeating = (
            Repeating("sweep", SWEEP_SECONDS, lambda: sweep_now(bench.rooms, choice)),
            Repeating("shadow", SHADOW_SECONDS, partial(shadow, bench, arrivals)),
            Repeating("outbox", DELIVER_SECONDS, Rounds(bench.db, partial(_sink, bench))),
        )
        return cls(bench, ingest, arrivals, upkeep, Keeper(bench.rooms.releases), repeating)

    def stop(self) -> None:
        """Commit what waits and take nothing more; who still waits for a decision is found by the next start."""
        for one in (self.keeper, *self.repeating):
            one.stop()
        self.upkeep.stop()
        self.ingest.stop()
        self.arrivals.stop()


def shadow(bench: Workbench, arrivals: Arrivals) -> int:
    """Let the challenger score what it has not; how many leads. Where leads wait for their decision, it waits instead.

    After ten seconds without a moment in which nobody waits the round is left out.
    """
    if not arrivals.wait_until_idle(SHADOW_PATIENCE_SECONDS):
        return 0
    return shadowing.catch_up(bench.rooms, SYSTEM, shadowing.MOST_A_MINUTE)


def _sink(bench: Workbench) -> Sink:
    return sink_of(bench.db.settings, bench.db.directory)


class _Shared:
    def __init__(self) -> None:
        self.lock = RLock()
        self.live: Live | None = None


_SHARED = _Shared()


def live() -> Live:
    """The live part of the open workbench, started on the first call."""
    bench = services.workbench()
    with _SHARED.lock:
        if _SHARED.live is None or _SHARED.live.bench is not bench:
            close()
            _SHARED.live = Live.on(bench)
        return _SHARED.live


def running() -> Live | None:
    """The live part, where one was started."""
    return _SHARED.live


def keys() -> WriteKeys:
    """The write keys of the open workbench."""
    return services.workbench().rooms.write_keys


def now() -> datetime:
    """The present moment, by the store's clock."""
    return services.workbench().db.clock.now()


def read_only() -> bool:
    """Whether the store takes no events because its disk is full."""
    running = _SHARED.live
    return running is not None and running.ingest.state.read_only is not None


def close() -> None:
    """End the live part, if there is one; everything that was taken is committed."""
    with _SHARED.lock:
        running, _SHARED.live = _SHARED.live, None
    if running is not None:
        running.stop()
