"""The recorder: after each minute, what it was like goes into the store, where there was anything."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Self

from core.kernel import telemetry
from core.kernel.database import Database
from core.kernel.errors import LeadbenchError
from core.kernel.telemetry import STAGES, Measures
from core.kernel.telemetry.measures import Durations
from core.kernel.times import utc
from core.monitoring.store_service import MINUTE, ServiceStore

LONGEST_CATCH_UP = timedelta(hours=1)
CHECK_SECONDS = 1.0


class Minutes:
    """Keeps the minutes of an open store, from the last one kept (at most an hour ago) on."""

    def __init__(self, db: Database, measures: Measures) -> None:
        self._db, self._measures = db, measures
        self._store = ServiceStore(db)
        last = self._store.last_minute()
        self._began = _minute(db.clock.now())
        earliest = self._began - LONGEST_CATCH_UP
        self._next = earliest if last is None else max(earliest, utc(last) + MINUTE)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="service-minutes", daemon=True)

    def start(self) -> Self:
        """Begin to keep them."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Keep no more."""
        self._ending.set()
        self._thread.join()

    def catch_up(self) -> None:
        """Keep every minute that is over; one that cannot be written is told again with the next."""
        while self._next + MINUTE <= self._db.clock.now():
            minute, self._next = self._next, self._next + MINUTE
            is_latest = minute >= self._began and self._next + MINUTE > self._db.clock.now()
            self._keep(minute, *(self._measures.drain() if is_latest else ({}, {})))

    def _keep(
        self, minute: datetime, durations: Mapping[str, Durations], judged: Mapping[str, tuple[int, int]]
    ) -> None:
        stages = {name: held for name, held in durations.items() if name in STAGES}
        found = _together(self._store.judge(minute), judged)
        if not found and not stages:
            return
        try:
            self._store.write(minute, found, stages)
        except LeadbenchError as refusal:
            telemetry.count("minutes_unkept")
            telemetry.log("minute.unkept", code=refusal.code)
            for name, (good, bad) in judged.items():
                self._measures.judge(name, good, bad)

    def _run(self) -> None:
        while not self._ending.wait(CHECK_SECONDS):
            self.catch_up()


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _together(one: Mapping[str, tuple[int, int]], other: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    names = dict.fromkeys((*one, *other))
    pairs = {name: (one.get(name, (0, 0)), other.get(name, (0, 0))) for name in names}
    return {name: (a[0] + b[0], a[1] + b[1]) for name, (a, b) in pairs.items()}
