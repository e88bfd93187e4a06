"""Statements that tell how far they are and stop when asked: for heavy reads that run in the store itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

import duckdb

from core.kernel.database.cursors import Cursor
from core.kernel.errors import QueryCancelled
from core.kernel.workers import Cancelled

POLL_SECONDS = 0.1
STEP = 0.02
SETTINGS = ("enable_progress_bar", "enable_progress_bar_print", "progress_bar_time")
COUNTING = (
    "SET enable_progress_bar = true",
    "SET enable_progress_bar_print = false",
    "SET progress_bar_time = 0",
)


@dataclass(frozen=True)
class Watch:
    """Who is told how far a read is (0 to 1), and what cancels it; `name` is what was cancelled."""

    name: str
    progress: Callable[[float, str], None] | None = None
    cancel: Event | None = None


@contextmanager
def watched(cursor: Cursor, watch: Watch) -> Iterator[None]:
    """Within it the cursor's statements are followed from a thread; raises Cancelled where they were stopped."""
    for statement in COUNTING:
        cursor.execute(statement)
    ended = Event()
    follower = Thread(target=_follow, args=(cursor, watch, ended), name=f"watch-{watch.name}", daemon=True)
    follower.start()
    try:
        yield
    except (QueryCancelled, duckdb.InterruptException) as error:
        raise Cancelled(watch.name) from error
    finally:
        ended.set()
        follower.join()
    if watch.cancel and watch.cancel.is_set():
        raise Cancelled(watch.name)


def _follow(cursor: Cursor, watch: Watch, ended: Event) -> None:
    told = -1.0
    while not ended.wait(POLL_SECONDS):
        if watch.cancel and watch.cancel.is_set():
            cursor.interrupt()
        done = cursor.done()
        if watch.progress and done >= told + STEP:
            told = done
            watch.progress(done, "")
