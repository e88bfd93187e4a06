"""Drift reports: which features no longer look as they did, and how many decisions that moves."""

import json
import re
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from app.queries import versions
from app.queries.access import revision, rooms

BIN = re.compile(r"(-?[\d.]+(?:e-?\d+)?) to (-?[\d.]+(?:e-?\d+)?)")
VERDICTS = {"drift": "Drift", "stable": "Stable", "not_enough_data": "Not enough data"}


@dataclass(frozen=True)
class Report:
    """One report: its `drift` object, when it was made, on which model and policy."""

    report_id: str
    told: dict[str, Any]
    made_at: Any
    model_hash: str
    policy_hash: str
    actor: str

    @property
    def name(self) -> str:
        """`24 Nov 2026, 11:46 · train against test`."""
        return f"{self.made_at:%d %b %Y, %H:%M} · {self.told['reference']} against {self.told['current']}"


def reports() -> list[Report]:
    """Every report, newest first."""
    return _reports(revision("models"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _reports(revision: str) -> list[Report]:
    rows = rooms().drift.all().iter_rows(named=True)
    return [
        Report(
            row["report_id"],
            json.loads(row["summary"]),
            row["made_at"],
            row["model_hash"],
            row["policy_hash"],
            row["actor"],
        )
        for row in rows
    ]


def table(report: Report) -> pl.DataFrame:
    """One row a feature, ranked by decisions moved: name, label, verdict, statistic, threshold, rows on both sides."""
    kinds = {
        "name": pl.String,
        "label": pl.String,
        "verdict": pl.String,
        "statistic": pl.Float64,
        "threshold": pl.Float64,
        "decisions_moved": pl.Int64,
        "reference_rows": pl.Int64,
        "current_rows": pl.Int64,
    }
    rows = [{name: one.get(name) for name in kinds} for one in report.told["features"]]
    frame = pl.DataFrame(rows, schema=kinds)
    moved = pl.when(pl.col("verdict") == "drift").then("decisions_moved")
    return frame.with_columns(decisions_moved=moved, said=pl.col("verdict").replace(VERDICTS)).sort(
        "decisions_moved", "statistic", descending=True, nulls_last=True, maintain_order=True
    )


def shares(report: Report, name: str) -> pl.DataFrame:
    """bucket, reference and current: shares of leads by value; empty where too few were there."""
    return _shares(revision("features"), report.report_id, name)


@st.cache_data(max_entries=64, show_spinner=False)
def _shares(revision: str, report_id: str, name: str) -> pl.DataFrame:
    told = rooms().drift.distributions(report_id).get(name)
    if not told or not told["labels"]:
        return pl.DataFrame(schema={"bucket": pl.String, "reference": pl.Float64, "current": pl.Float64})
    labels = [_shorter(label) for label in told["labels"]]
    buckets = labels if len(set(labels)) == len(labels) else told["labels"]
    return pl.DataFrame({"bucket": buckets, "reference": told["reference"], "current": told["current"]})


def _shorter(label: str) -> str:
    """A bin's edges with two significant digits; a category under its business name."""
    edges = BIN.fullmatch(label)
    return f"{float(edges[1]):.2g}–{float(edges[2]):.2g}" if edges else versions.named(label)


def page(report: Report) -> bytes:
    """Evidently's own page."""
    return rooms().drift.page(report.report_id)


def as_json(report: Report) -> bytes:
    """The report's `drift` object."""
    return json.dumps(report.told, indent=2).encode()


def history() -> pl.DataFrame:
    """label, at, statistic, threshold and verdict of every feature in the last ten reports, oldest first."""
    rows = [
        (one["label"], f"{report.made_at:%d %b %H:%M:%S}", one["statistic"], one["threshold"], one["verdict"])
        for report in reversed(reports()[:10])
        for one in report.told["features"]
    ]
    kinds = {
        "label": pl.String,
        "at": pl.String,
        "statistic": pl.Float64,
        "threshold": pl.Float64,
        "verdict": pl.String,
    }
    frame = pl.DataFrame(rows, schema=kinds, orient="row")
    drifted = frame.filter(pl.col("verdict") == "drift")["label"].unique().to_list()
    return frame.filter(pl.col("label").is_in(drifted))
