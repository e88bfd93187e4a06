"""Something that a server does again and again, in a thread of its own, until it is stopped."""

import threading
from collections.abc import Callable

from core.kernel import telemetry
from core.kernel.errors import code_of


class Repeating:
    """Calls `do` every so many seconds; a refusal or fault is logged as `NAME.fault`, and the next time tries again."""

    def __init__(self, name: str, every: float, do: Callable[[], object]) -> None:
        self._name, self._every, self._do = name, every, do
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after what is at work."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            try:
                self._do()
            except Exception as fault:
                telemetry.log(f"{self._name}.fault", code=code_of(fault))
