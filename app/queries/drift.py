"""Drift reports: which features no longer look as they did, and how many decisions that moves."""

import json
import re
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from app.queries import people, versions
from app.queries.access import revision, role, rooms
from core.monitoring.junit import cases, to_junit

BIN = re.compile(r"(-?[\d.]+(?:e-?\d+)?) to (-?[\d.]+(?:e-?\d+)?)")
MOST_LISTED = 500
OUTCOMES = {"0": "Not won", "1": "Won"}
PRESETS = {
    "": "As in the recipe",
    "train": "Training leads",
    "test": "Test leads",
    "decided": "Decided leads",
    "7d": "Last 7 days of the log",
    "30d": "Last 30 days of the log",
    "90d": "Last 90 days of the log",
}
STATES = {"delivers": "Delivers", "missing": "Silent", "thin": "Much less", "new": "New"}
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
        """`24 Nov 2026, 11:46 · test against train`: what is looked at, against its reference."""
        return f"{self.made_at:%d %b %Y, %H:%M} · {self.told['current']} against {self.told['reference']}"


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
        "bands_changed": pl.Int64,
        "owners_changed": pl.Int64,
        "expected_wins_lost": pl.Float64,
        "reference_rows": pl.Int64,
        "current_rows": pl.Int64,
    }
    rows = [{name: one.get(name) for name in kinds} for one in report.told["features"]]
    frame = pl.DataFrame(rows, schema=kinds)
    figures = ("decisions_moved", "bands_changed", "owners_changed", "expected_wins_lost")
    moved = [pl.when(pl.col("verdict") == "drift").then(name).alias(name) for name in figures]
    return frame.with_columns(*moved, said=pl.col("verdict").replace(VERDICTS)).sort(
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
    labels = [OUTCOMES.get(label[:1], label) if name == "y" else _shorter(label) for label in told["labels"]]
    buckets = labels if len(set(labels)) == len(labels) else told["labels"]
    return pl.DataFrame({"bucket": buckets, "reference": told["reference"], "current": told["current"]})


def _shorter(label: str) -> str:
    """A bin's edges with two significant digits; a category under its business name."""
    edges = BIN.fullmatch(label)
    return f"{float(edges[1]):.2g}–{float(edges[2]):.2g}" if edges else versions.named(label)


def sources(report: Report) -> pl.DataFrame:
    """One row a source: source, named, said, reached before and now (shares of leads), features, moved, wins lost."""
    kinds = {
        "source": pl.String,
        "state": pl.String,
        "reached_reference": pl.Float64,
        "reached_current": pl.Float64,
        "features": pl.List(pl.String),
        "decisions_moved": pl.Int64,
        "expected_wins_lost": pl.Float64,
    }
    rows = [{name: one.get(name) for name in kinds} for one in report.told.get("sources", [])]
    frame = pl.DataFrame(rows, schema=kinds)
    named = pl.col("source").str.replace_all("_", " ")
    return frame.with_columns(named=named, said=pl.col("state").replace(STATES), drifted=pl.col("features").list.len())


def suite(report: Report) -> pl.DataFrame:
    """The report as tests: group, name, state (passed, failed, skipped) and message, failures first."""
    rows = pl.DataFrame(list(cases(report.told)), schema=["group", "name", "state", "message"], orient="row")
    order = pl.col("state").replace_strict({"failed": 0, "skipped": 1, "passed": 2}, return_dtype=pl.Int8)
    return rows.sort(order, maintain_order=True)


def junit(report: Report) -> bytes:
    """The report as a JUnit test suite."""
    return to_junit(report.told)


def moved(report: Report, name: str) -> pl.DataFrame:
    """ref, lead, company and region of the leads that a drifted feature moves, up to five hundred of them."""
    found = _moved(revision("models"), report.report_id).get(name, [])[:MOST_LISTED]
    return people.cards(found, role()).select("ref", "lead", "company", "region")


@st.cache_data(max_entries=8, show_spinner=False)
def _moved(revision: str, report_id: str) -> dict[str, list[str]]:
    return rooms().drift.moved_leads(report_id)


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
