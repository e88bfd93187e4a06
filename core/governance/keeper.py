"""The thread of a server that does what falls due with the policies, once a minute."""

import threading

from core.governance import keeping
from core.governance.releases import Releases
from core.kernel import telemetry
from core.kernel.errors import LeadbenchError

EVERY_SECONDS = 60.0


class Keeper:
    """Calls `keeping.keep` until it is stopped; a refusal or a fault is logged and the next minute tries again."""

    def __init__(self, releases: Releases, every: float = EVERY_SECONDS) -> None:
        self._releases, self._every = releases, every
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after what is at work."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            try:
                keeping.keep(self._releases)
            except Exception as fault:
                code = fault.code if isinstance(fault, LeadbenchError) else type(fault).__name__
                telemetry.log("keeper.fault", code=code)
