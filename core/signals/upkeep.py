"""What a served store does for itself: the log is put in order once its tail is large, in a moment without traffic."""

import threading
from collections.abc import Callable

from core.kernel import telemetry
from core.kernel.database import Database
from core.kernel.errors import code_of
from core.signals import store_layout

ACTOR = "upkeep"
EVERY_SECONDS = 30.0
LONGEST_SECONDS = 3_600.0


class Upkeep:
    """Looks at the log every `seconds` and compacts it where that is due and `idle` says that nobody sends events.

    A tail that has grown to twice what is due is not left to wait for such a moment: while the log is written anew,
    live events queue up and are answered afterwards. After a fault it waits twice as long, up to an hour: where the
    disk has no room for the log anew, trying takes as long as doing.
    """

    def __init__(self, db: Database, idle: Callable[[], bool], seconds: float = EVERY_SECONDS) -> None:
        self._db, self._idle, self._seconds = db, idle, seconds
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a compaction at work is finished first."""
        self._ending.set()
        self._thread.join()

    def look(self) -> store_layout.Compacted | None:
        """Compact now, where it is due and the moment is right; raises NoSpace."""
        found = store_layout.layout(self._db)
        if not found.due or not (found.overdue or self._idle()):
            return None
        return store_layout.compact(self._db, ACTOR)

    def _run(self) -> None:
        pause = self._seconds
        while not self._ending.wait(pause):
            try:
                self.look()
                pause = self._seconds
            except Exception as fault:
                pause = min(2 * pause, LONGEST_SECONDS)
                telemetry.log("upkeep.fault", code=code_of(fault))
