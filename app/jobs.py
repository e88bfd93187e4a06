"""Heavy work that a page starts: it runs on when the page is left, says how far it is, and can be cancelled.

The work itself (a function of progress and cancel) does its computing in a spawned worker of core; a job only waits for
it in a thread, so a cancel ends the worker and leaves nothing.
"""

import atexit
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import streamlit as st
from uuid_utils import uuid7

from app import session
from app.feedback import refused
from core.kernel.errors import LeadbenchError
from core.kernel.workers import Cancelled, Progress

PARAMETER = "job"
REFRESH_SECONDS = 0.7
KEPT = 50
KEPT_SUBJECTS = 8
ENDING_SECONDS = 3.0
Work = Callable[[Progress, threading.Event], Any]


@dataclass
class Job:
    """One piece of work; `state` is running, done, refused, cancelled or failed; times are aware UTC.

    `subject` says what a job is about where the same work on the same thing is begun once for all.
    """

    job_id: str
    name: str
    actor: str
    started_at: datetime
    state: str = "running"
    done: float = 0.0
    text: str = ""
    log: list[tuple[datetime, str]] = field(default_factory=list)
    result: Any = None
    refusal: LeadbenchError | None = None
    fault: str = ""
    finished_at: datetime | None = None
    subject: str = ""
    cancel: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self.state == "running"

    @property
    def seconds(self) -> float:
        """How long it has been working, or worked."""
        return ((self.finished_at or datetime.now(UTC)) - self.started_at).total_seconds()

    @property
    def left(self) -> float | None:
        """Seconds still to go by the pace so far; None before a twentieth is done."""
        return self.seconds * (1 - self.done) / self.done if self.running and self.done >= 0.05 else None

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; whether it has ended."""
        return self.ended.wait(seconds)

    def tell(self, done: float, text: str = "") -> None:
        """Note how far the work is."""
        self.done = min(max(done, self.done), 1.0)
        if text and text != self.text:
            self.text = text
            self.log.append((datetime.now(UTC), text))


class Jobs:
    """The jobs of this process, newest last."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._clearing: list[Callable[[], None]] = []
        self._guard = threading.Lock()

    def start(self, name: str, actor: str, work: Work, subject: str = "") -> Job:
        """Begin the work in a thread."""
        job = Job(str(uuid7()), name, actor, datetime.now(UTC), subject=subject)
        thread = threading.Thread(target=_run, args=(job, work), name=f"job-{name}", daemon=True)
        with self._guard:
            self._jobs[job.job_id] = job
            self._threads[job.job_id] = thread
            self._forget_old()
        thread.start()
        return job

    def get(self, job_id: str) -> Job | None:
        """The job of that id, None where it is not known (any more)."""
        return self._jobs.get(job_id)

    def of(self, name: str) -> list[Job]:
        """The jobs of that name, newest first."""
        return [job for job in reversed(list(self._jobs.values())) if job.name == name]

    def keep(self, name: str, most: int) -> None:
        """Forget all but the newest finished jobs of that name, with their results."""
        with self._guard:
            for job in [job for job in self.of(name) if not job.running][most:]:
                del self._jobs[job.job_id], self._threads[job.job_id]

    def at_end(self, clear: Callable[[], None]) -> None:
        """Call `clear` when the process ends, after its jobs."""
        self._clearing.append(clear)

    def end(self) -> None:
        """Cancel what runs, wait a moment for the workers to go, and clear up."""
        for job in list(self._jobs.values()):
            job.cancel.set()
        for thread in list(self._threads.values()):
            thread.join(ENDING_SECONDS)
        while self._clearing:
            self._clearing.pop()()

    def _forget_old(self) -> None:
        finished = [job_id for job_id, job in self._jobs.items() if not job.running]
        for job_id in finished[: max(0, len(self._jobs) - KEPT)]:
            del self._jobs[job_id], self._threads[job_id]


JOBS = Jobs()
atexit.register(JOBS.end)


def _run(job: Job, work: Work) -> None:
    try:
        job.result = work(job.tell, job.cancel)
        job.state, job.done = "done", 1.0
    except Cancelled as refusal:
        job.state, job.refusal = "cancelled", refusal
    except LeadbenchError as refusal:
        job.state, job.refusal = "refused", refusal
    except Exception:
        job.state, job.fault = "failed", traceback.format_exc()
    finally:
        job.finished_at = datetime.now(UTC)
        job.ended.set()


def start(name: str, work: Work, subject: str = "") -> Job:
    """Begin the work for who is signed in and write the job's id into the address."""
    job = JOBS.start(name, session.identity() or "nobody", work, subject)
    session.remember(_session_key(name), job.job_id)
    session.address({PARAMETER: job.job_id})
    return job


def about(name: str, subject: str) -> Job | None:
    """The newest job of that name on that subject, whoever began it."""
    return next((job for job in JOBS.of(name) if job.subject == subject), None)


def begin(name: str, subject: str, work: Work, patience: float) -> Job:
    """Begin work on a subject and wait a moment for it: what is done at once needs no progress bar.

    Only the newest few results are kept, for a subject that has changed is not asked for again.
    """
    JOBS.keep(name, KEPT_SUBJECTS)
    job = JOBS.start(name, session.identity() or "nobody", work, subject)
    job.wait(patience)
    return job


def _session_key(name: str) -> str:
    return f"session_job_{name}"


def current(name: str) -> Job | None:
    """The job of that name that the address names, else this session's last one, else any that runs."""
    named = (session.parameter(PARAMETER), session.value(_session_key(name), ""))
    known = (job for job in map(JOBS.get, named) if job is not None and job.name == name)
    return next(known, None) or _followed(name)


def _followed(name: str) -> Job | None:
    """Any job of that name that runs; this session follows it to its end, so that how it ended is told here too."""
    job = next((one for one in JOBS.of(name) if one.running), None)
    if job is not None:
        session.remember(_session_key(name), job.job_id)
    return job


def latest(*names: str) -> Job | None:
    """The job that was started last among the current ones of these names."""
    found = [job for job in map(current, names) if job is not None]
    return max(found, key=lambda job: job.started_at, default=None)


def show(job: Job, key: str) -> Job:
    """Draw the job: progress and Cancel while it runs, else how it ended; it refreshes itself only while it runs."""
    every = REFRESH_SECONDS if job.running else None
    st.fragment(_draw, run_every=every, key=f"{key}_{job.state}")(job, key, refreshing=every is not None)
    return job


def _draw(job: Job, key: str, *, refreshing: bool) -> None:
    if job.running:
        _running(job, key)
    elif refreshing:
        st.rerun()
    else:
        _ended(job)


def _running(job: Job, key: str) -> None:
    left = f" · about {job.left:.0f} s left" if job.left else ""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.progress(job.done, text=f"**{job.name}** · {job.text or 'starting'} · {job.seconds:.0f} s{left}")
        if st.button("Cancel", icon=":material/stop_circle:", key=f"{key}_cancel", disabled=job.cancel.is_set()):
            job.cancel.set()


def _ended(job: Job) -> None:
    if job.refusal is not None and job.state == "refused":
        refused(job.refusal)
    elif job.state == "failed":
        st.error(f"{job.name} ended by a fault of the program; nothing was kept.", icon=":material/bug_report:")
        st.expander("What the program said").code(job.fault, language="text")
    elif job.state == "cancelled":
        st.info(f"{job.name} was cancelled after {job.seconds:.0f} s; nothing was kept.", icon=":material/stop_circle:")
    else:
        st.success(f"{job.name} is done ({job.seconds:.0f} s, by {job.actor}).", icon=":material/check_circle:")
    _told(job)


def _told(job: Job) -> None:
    earlier = [one for one in JOBS.of(job.name) if one.job_id != job.job_id]
    if not job.log and not earlier:
        return
    with st.expander(f"What it said, and {len(earlier)} earlier" if earlier else "What it said"):
        for at, text in job.log:
            st.caption(f"{at:%H:%M:%S} · {text}")
        for one in earlier:
            st.caption(
                f"{one.started_at:%d %b, %H:%M} · {one.name} · {one.state} after {one.seconds:.0f} s · {one.actor}"
            )
