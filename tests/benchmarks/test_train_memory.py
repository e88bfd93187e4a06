"""The memory of training on very many rows of 60 features (`make bench`; SIZE=full: 1,000,000 rows)."""

import os
import sys
import time

import pytest

from tests.benchmarks.memory import most_held

pytestmark = pytest.mark.bench
ROWS = {"small": 100_000, "full": 1_000_000}
MOST_BYTES = {"small": 1.2 * 2**30, "full": 4 * 2**30}


def test_training_with_its_worker_stays_under_four_gigabytes():
    size = os.environ.get("LEADBENCH_BENCH_SIZE", "small")
    started = time.perf_counter()
    code, most = most_held([sys.executable, "-m", "tests.benchmarks.training_rows", str(ROWS[size])])
    seconds = time.perf_counter() - started
    print(f"training on {ROWS[size]:,} x 60 with its worker: {seconds:.0f} s, at most {most / 2**20:,.0f} MB")
    assert code == 0
    assert 0 < most < MOST_BYTES[size]
