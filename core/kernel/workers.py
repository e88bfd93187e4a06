"""Heavy or risky work in a process of its own, with limits, progress and cancel.

The child is started as `python -m core.kernel.worker_child`, never forked and never re-importing the caller's main
script. Arguments and results are pickled; every polars frame among them travels as an Arrow IPC file beside the pickle.
"""

import errno
import json
import os
import pickle
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

from core.kernel.errors import LeadbenchError, NoSpace

GIB = 2**30
POLL_SECONDS = 0.05
FULL_DISK = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
FULL_WORDS = ("No space left", "File too large", "quota exceeded")
Progress = Callable[[float, str], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Limits:
    """What a worker may take: address space and resident memory in bytes, processor and wall-clock time in seconds."""

    address_bytes: int | None = None
    resident_bytes: int | None = None
    cpu_seconds: int | None = None
    wall_seconds: float | None = None


NO_LIMITS = Limits()
PARSING = Limits(address_bytes=16 * GIB, resident_bytes=4 * GIB, cpu_seconds=1_800, wall_seconds=1_800)


class Cancelled(LeadbenchError):
    """The work was cancelled; `kept` says what of it stays."""

    code = "cancelled"

    def __init__(self, name: str, kept: str = "Nothing was changed") -> None:
        super().__init__(f"`{name}` was cancelled.", value=name, remedy=f"{kept}; start it again at will.")


class WorkerLimit(LeadbenchError):
    """A worker took more than it may."""

    code = "limit_exceeded"

    def __init__(self, name: str, limit: str) -> None:
        super().__init__(
            f"`{name}` was stopped because it went over its limit of {limit}.",
            value=limit,
            remedy="Split the input into smaller parts, or check that the file is what it claims to be.",
        )


class WorkerCrashed(Exception):
    """A worker ended by a fault that is no refusal; the message holds its traceback or signal."""


def run_in_worker(
    function: Callable[..., Result],
    *args: object,
    limits: Limits = NO_LIMITS,
    progress: Progress | None = None,
    cancel: Event | None = None,
    environment: Mapping[str, str] | None = None,
) -> Result:
    """The function's result, computed in a new process.

    The function must be importable by name. Its refusals are raised here as they are; raises Cancelled, WorkerLimit,
    NoSpace and, for any other fault, WorkerCrashed.
    """
    name = getattr(function, "__name__", str(function))
    with tempfile.TemporaryDirectory(prefix="leadbench-job-") as folder:
        job = Path(folder)
        try:
            dump((function, args, limits), job, "task")
        except OSError as error:
            raise _disk(error, job) from error
        status = _Watch(name, limits, progress, cancel).run(job, environment)
        return _outcome(job, name, status)


def report_progress(done: float, text: str = "") -> None:
    """Tell the caller of the worker how far the work is (0 to 1); outside a worker it does nothing."""
    if _channel:
        line = json.dumps({"done": done, "text": text}) + "\n"
        os.write(_channel[0], line.encode())


_channel: list[int] = []


def open_channel(descriptor: int) -> None:
    """Send this process's progress reports to the descriptor (called once, by the child)."""
    _channel[:] = [descriptor]


class _FramePickler(pickle.Pickler):
    def __init__(self, stream: Any, folder: Path, stem: str) -> None:
        super().__init__(stream, protocol=5)
        self.folder, self.stem, self.count = folder, stem, 0

    def reducer_override(self, obj: Any) -> Any:
        if type(obj).__module__.startswith("polars.") and type(obj).__name__ == "DataFrame":
            path = self.folder / f"{self.stem}-{self.count}.arrow"
            self.count += 1
            obj.write_ipc(path, compression="uncompressed")
            return _read_frame, (str(path),)
        return NotImplemented


def _read_frame(path: str) -> Any:
    import polars as pl

    return pl.read_ipc(path)


def dump(value: object, folder: Path, stem: str) -> None:
    """Write the value as `<stem>.pickle`, whole or not at all, its frames as Arrow files beside it."""
    part = folder / f"{stem}.part"
    with part.open("wb") as stream:
        _FramePickler(stream, folder, stem).dump(value)
    part.replace(folder / f"{stem}.pickle")


def load(folder: Path, stem: str) -> Any:
    """The value that `dump` wrote."""
    with (folder / f"{stem}.pickle").open("rb") as stream:
        return pickle.load(stream)


class _Watch:
    """Starts the child, passes its progress on, and ends it on cancel or over a limit."""

    def __init__(self, name: str, limits: Limits, progress: Progress | None, cancel: Event | None) -> None:
        self.name, self.limits, self.progress, self.cancel = name, limits, progress, cancel
        self.buffer = b""

    def run(self, job: Path, environment: Mapping[str, str] | None) -> int:
        command = [sys.executable, "-m", "core.kernel.worker_child", str(job)]
        with (job / "errors.txt").open("wb") as errors:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_environment(environment),
                start_new_session=True,
            )
            try:
                self._follow(child)
            finally:
                _end(child)
        return child.returncode

    def _follow(self, child: "subprocess.Popen[bytes]") -> None:
        assert child.stdout is not None
        started, descriptor = time.monotonic(), child.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while True:
                if selector.select(POLL_SECONDS):
                    data = os.read(descriptor, 65_536)
                    if not data:
                        child.wait()
                        return
                    self._pass_on(data)
                self._check(child.pid, time.monotonic() - started)

    def _pass_on(self, data: bytes) -> None:
        *lines, self.buffer = (self.buffer + data).split(b"\n")
        if self.progress:
            for line in lines:
                told = json.loads(line)
                self.progress(told["done"], told["text"])

    def _check(self, pid: int, elapsed: float) -> None:
        if self.cancel and self.cancel.is_set():
            raise Cancelled(self.name)
        if self.limits.wall_seconds and elapsed > self.limits.wall_seconds:
            raise WorkerLimit(self.name, f"{self.limits.wall_seconds:g} seconds")
        if self.limits.resident_bytes and _resident(pid) > self.limits.resident_bytes:
            raise WorkerLimit(self.name, f"{self.limits.resident_bytes / GIB:g} GiB of memory")


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """This process's environment, with its import path so that the child finds the same modules."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path, **(more or {})}


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.stdout:
        child.stdout.close()


def _outcome(job: Path, name: str, status: int) -> Any:
    if not (job / "result.pickle").exists():
        raise _died(job, name, status)
    succeeded, value = load(job, "result")
    if succeeded:
        return value
    if isinstance(value, LeadbenchError):
        raise value
    if isinstance(value, OSError):
        value = _disk(value, job)
        if isinstance(value, NoSpace):
            raise value
    raise WorkerCrashed(str(value))


def _died(job: Path, name: str, status: int) -> Exception:
    if status == -signal.SIGXCPU:
        return WorkerLimit(name, "processor time")
    tail = (job / "errors.txt").read_text(errors="replace")[-4_000:]
    if any(words in tail for words in FULL_WORDS):
        return NoSpace(job, tail.strip().splitlines()[-1])
    if "memory allocation of" in tail or "MemoryError" in tail:
        return WorkerLimit(name, "memory")
    return WorkerCrashed(f"worker for `{name}` ended with status {status}\n{tail}")


def _disk(error: OSError, job: Path) -> Exception:
    full = error.errno in FULL_DISK or any(words in str(error) for words in FULL_WORDS)
    return NoSpace(job, str(error)) if full else error
