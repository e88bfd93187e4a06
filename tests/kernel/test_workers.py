"""Work in a process of its own: results, refusals, progress, cancel and limits."""

import os
import threading
import time

import polars as pl
import pytest

from core.kernel.errors import LeadbenchError, NoSpace
from core.kernel.workers import Cancelled, Limits, WorkerCrashed, WorkerLimit, report_progress, run_in_worker
from tests.kernel import worker_tasks as tasks


def test_a_frame_goes_there_and_comes_back():
    frame = pl.DataFrame({"a": [1, None, 3], "b": ["x", "y", None]})
    doubled, pid = run_in_worker(tasks.doubled, frame)
    assert doubled.equals(pl.concat([frame, frame]))
    assert pid != os.getpid()


def test_a_refusal_comes_back_as_it_was():
    with pytest.raises(LeadbenchError, match="`5` is refused") as refused:
        run_in_worker(tasks.refuse, 5)
    assert (type(refused.value), refused.value.code, refused.value.value) == (tasks.Refusal, "test_refusal", 5)


def test_any_other_fault_comes_with_its_traceback():
    with pytest.raises(WorkerCrashed, match="ZeroDivisionError"):
        run_in_worker(tasks.divide, 0)


def test_a_process_that_dies_is_a_fault():
    with pytest.raises(WorkerCrashed, match="status 7"):
        run_in_worker(tasks.die)


def test_progress_is_told_in_order_and_print_does_not_disturb_it():
    told: list[tuple[float, str]] = []
    assert run_in_worker(tasks.count, 3, progress=lambda done, text: told.append((done, text))) == 3
    assert told == [(0.0, "0 of 3"), (1 / 3, "1 of 3"), (2 / 3, "2 of 3")]


def test_progress_outside_a_worker_does_nothing():
    report_progress(0.5, "nobody listens")


def test_cancel_ends_the_process_at_once():
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        run_in_worker(tasks.sleep, 60, cancel=cancel)
    assert time.monotonic() - started < 30


def test_the_wall_clock_is_a_limit():
    with pytest.raises(WorkerLimit, match="1 seconds"):
        run_in_worker(tasks.sleep, 60, limits=Limits(wall_seconds=1))


def test_processor_time_is_a_limit():
    with pytest.raises(WorkerLimit, match="processor time"):
        run_in_worker(tasks.spin, limits=Limits(cpu_seconds=1))


def test_memory_is_a_limit():
    with pytest.raises(WorkerLimit, match="memory"):
        run_in_worker(tasks.hoard, limits=Limits(resident_bytes=300 * 2**20))


def test_address_space_is_a_limit():
    with pytest.raises(WorkerLimit, match="memory"):
        run_in_worker(tasks.reserve, limits=Limits(address_bytes=4 * 2**30))


def test_a_full_disk_in_the_worker_is_no_space():
    with pytest.raises(NoSpace):
        run_in_worker(tasks.fill_disk)
