"""One build of the 42 features in a process of its own, whose memory is then that of the build: STORE SPINE."""

import sys
from pathlib import Path

import polars as pl

from core.features.engine import build
from core.features.parser import read
from core.kernel.clock import SystemClock
from core.kernel.database import Database
from core.kernel.settings import Settings
from tests.benchmarks import feature_statements as by_hand

if __name__ == "__main__":
    folder, spine = map(Path, sys.argv[1:])
    with Database.open(folder, SystemClock(), Settings(threads=2)) as store:  # type: ignore[call-arg]
        build(store, read(by_hand.document(), "f42.yaml"), pl.read_parquet(spine).drop("row_no"))
