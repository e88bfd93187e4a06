"""The thread of a server that does what falls due with the policies: once a minute, oftener where a rollout asks."""

import threading

from core.governance import keeping
from core.governance.releases import Releases
from core.kernel import telemetry
from core.kernel.errors import code_of

EVERY_SECONDS = 60.0
TICK_SECONDS = 2.5


class Keeper:
    """Calls `keeping.keep` until it is stopped; a refusal or a fault is logged and the next time tries again.

    Where a rollout under way says in how many seconds it wants to be back, it looks as often as that takes.
    """

    def __init__(self, releases: Releases, every: float = EVERY_SECONDS) -> None:
        self._releases, self._every = releases, every
        self._tick = min(every, TICK_SECONDS)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after what is at work."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        waited = 0.0
        while not self._ending.wait(self._tick):
            waited += self._tick
            try:
                if waited >= min(self._every, keeping.soonest(self._releases) or self._every):
                    waited = 0.0
                    keeping.keep(self._releases)
            except Exception as fault:
                telemetry.log("keeper.fault", code=code_of(fault))
