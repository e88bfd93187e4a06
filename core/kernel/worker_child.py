"""The child side of `core.kernel.workers`: read the task, keep the limits, write the result."""

import os
import resource
import sys
import traceback
from pathlib import Path

from core.kernel.errors import LeadbenchError
from core.kernel.workers import Limits, dump, load, open_channel


def main(folder: str) -> None:
    """Run the task in the folder and leave `result.pickle` there."""
    job = Path(folder)
    open_channel(os.dup(1))
    os.dup2(2, 1)
    function, args, limits = load(job, "task")
    _limit(limits)
    try:
        result = (True, function(*args))
        dump(result, job, "result")
    except MemoryError:
        raise
    except (LeadbenchError, OSError) as error:
        dump((False, error), job, "result")
    except Exception:
        dump((False, traceback.format_exc()), job, "result")


def _limit(limits: Limits) -> None:
    if limits.address_bytes:
        _lower(resource.RLIMIT_AS, limits.address_bytes)
    if limits.cpu_seconds:
        _lower(resource.RLIMIT_CPU, limits.cpu_seconds)


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (allowed, hard))


if __name__ == "__main__":
    main(sys.argv[1])
