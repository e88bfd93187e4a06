"""A file of leads decided by Spark, on this machine: to see that a cluster would decide as the other back ends do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import polars as pl

from core.policy.document import Policy
from core.policy.spark import render_spark
from core.simulation.errors import SparkMissing

PLACE = "place"


def decide_on_spark(policy: Policy, inputs: pl.DataFrame) -> pl.DataFrame:
    """The outputs of each row in order, reasons and errors as JSON texts; raises SparkMissing."""
    with _session() as spark:
        placed = inputs.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(PLACE))
        spark.createDataFrame(placed.to_arrow()).createOrReplaceTempView("leads")
        found = pl.DataFrame(spark.sql(render_spark(policy, "leads", [PLACE])).toArrow())
    return found.sort(PLACE).drop(PLACE)


@contextmanager
def _session() -> Iterator[Any]:
    """A session of one core without a screen; one that runs already is used and stays."""
    try:
        sessions: Any = import_module("pyspark.sql").SparkSession
    except ImportError as error:
        raise SparkMissing("pyspark") from error
    if shutil.which("java") is None:
        raise SparkMissing("java")
    active = sessions.getActiveSession()
    spark = active or (
        sessions.builder.master("local[1]").config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false").config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1").getOrCreate()
    )  # fmt: skip
    try:
        yield spark
    finally:
        if active is None:
            spark.stop()
