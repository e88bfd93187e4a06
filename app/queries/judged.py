"""The rows behind the figures of a model or of a performance report: which leads, what was said and what came."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl
import streamlit as st

from app.queries import people
from app.queries.access import revision, role, rooms
from app.queries.performance import GROUPS, Performance
from core.governance.permissions import Role
from core.models.store import ModelVersion
from core.monitoring import judged, loops

MOST_LISTED = 500
CAME = {1: "Won", 0: "Not won"}
OPEN = "Not yet"


def of_model(version: ModelVersion) -> pl.DataFrame:
    """The test rows of core.models.judged that the model's figures are of; empty where it was stored without them."""
    return _of_model(revision("models"), version.model_hash)


@st.cache_resource(max_entries=4, show_spinner=False)
def _of_model(revision: str, model_hash: str) -> pl.DataFrame:
    return rooms().models.judged(model_hash)


def of_bin(version: ModelVersion, number: int, bins: int) -> pl.DataFrame:
    """The rows of a bin of the calibration figure, counted from 0 at the lowest of its `bins`."""
    return of_tenth(version, bins - number)


def of_tenth(version: ModelVersion, decile: int) -> pl.DataFrame:
    """The rows of a tenth of the ranking, 1 the best."""
    return of_model(version).filter(pl.col("tenth") == decile)


def of_landmark(version: ModelVersion, after: str) -> pl.DataFrame:
    """The rows at a landmark."""
    return of_model(version).filter(pl.col("landmark") == after)


def of_scores(version: ModelVersion, low: float, high: float) -> pl.DataFrame:
    """The rows of a bar of the histogram; the last one takes in 1."""
    return of_model(version).filter(pl.col("p").is_between(low, high, closed="both" if high >= 1 else "left"))


def of_segment(version: ModelVersion, value: str) -> pl.DataFrame:
    """The rows of a value of the attribute that the figures are told by."""
    return of_model(version).filter(pl.col("segment") == value)


def of_level(version: ModelVersion, level: str | None) -> pl.DataFrame:
    """The rows of a level of the attribute whose levels may have trees of their own; None: not known."""
    return of_model(version).filter(pl.col("level").eq_missing(pl.lit(level, dtype=pl.String)))


def of_report(report: Performance) -> pl.DataFrame:
    """The rows of core.monitoring.judged that the report judged; empty where they are not kept."""
    return _of_report(revision("models"), report.report_id)


@st.cache_resource(max_entries=2, show_spinner=False)
def _of_report(revision: str, report_id: str) -> pl.DataFrame:
    return rooms().performance.judged(report_id)


def of_cohort(report: Performance, at: datetime) -> pl.DataFrame:
    """The rows of a cohort, with and without a label."""
    return of_report(report).filter(pl.col("cohort") == at, "counted")


def of_where(report: Performance, where: str) -> pl.DataFrame:
    """The rows that a segment's errors are of: each lead's latest labelled one in a mature cohort."""
    counted = judged.mature(of_report(report)).filter("counted")
    return judged.latest_labelled(counted).filter(pl.col("levels").list.contains(where))


def of_bands(report: Performance, at: datetime, bands: Sequence[str]) -> pl.DataFrame:
    """The rows in these bands in a period."""
    return judged.once_a_cohort(of_report(report)).filter(pl.col("cohort") == at, pl.col("band").is_in(list(bands)))


def of_group(report: Performance, said: str) -> pl.DataFrame:
    """The latest row of each lead that was handled so (a word of `performance.groups`)."""
    group = next(name for name, word in GROUPS.items() if word == said)
    return _grouped(report).filter(pl.col(group))


def of_index(report: Performance, band: str, at: datetime) -> pl.DataFrame:
    """The rows that the self-fulfilment index of a band in a period compares."""
    worked, others, _ = loops.compared(_grouped(report).filter(pl.col("band") == band, pl.col("cohort") == at))
    return pl.concat([worked, others])


def _grouped(report: Performance) -> pl.DataFrame:
    rows = of_report(report)
    return loops.grouped(rows.drop("worked"), rows.select("lead_id", "worked").unique("lead_id"))


def listed(rows: pl.DataFrame, most: int = MOST_LISTED) -> pl.DataFrame:
    """ref, lead, company, at, said, came of the rows, highest score first, up to so many of them."""
    return _named(rows, role(), most)


def every(rows: pl.DataFrame, by: Role) -> pl.DataFrame:
    """The same of all rows, for a file that is made outside the session; the role is who takes it."""
    return _named(rows, by, rows.height)


def _named(rows: pl.DataFrame, by: Role, most: int) -> pl.DataFrame:
    chosen = rows.sort("p", "lead_id", "as_of", descending=[True, False, False]).head(most)
    cards = people.cards(chosen["lead_id"].unique(maintain_order=True).to_list(), by)
    came = pl.col("y").replace_strict(CAME, default=OPEN, return_dtype=pl.String)
    return chosen.join(cards, on="lead_id", how="left", maintain_order="left").select(
        "ref", "lead", "company", at="as_of", said="p", came=came
    )
