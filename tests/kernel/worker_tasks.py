"""Functions that the worker tests run in another process."""

import errno
import os
import time

import polars as pl

from core.kernel.errors import LeadbenchError
from core.kernel.workers import report_progress


class Refusal(LeadbenchError):
    code = "test_refusal"

    def __init__(self, value: int) -> None:
        super().__init__(f"`{value}` is refused.", value=value)


def doubled(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    return pl.concat([frame, frame]), os.getpid()


def refuse(value: int) -> None:
    raise Refusal(value)


def divide(by: int) -> float:
    return 1 / by


def die() -> None:
    os._exit(7)


def count(to: int) -> int:
    for number in range(to):
        print("said on standard output")
        report_progress(number / to, f"{number} of {to}")
    return to


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def spin() -> None:
    while True:
        pass


def hoard() -> None:
    held = []
    while True:
        held.append(bytearray(16 * 2**20))
        time.sleep(0.02)


def reserve() -> int:
    return len(bytearray(8 * 2**30))


def fill_disk() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
