"""Performance reports: what became of scored leads, and what is expected of those whose labels are still to come."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import streamlit as st

from app.queries.access import cells, revision, rooms
from core.kernel.times import from_text, naive
from core.monitoring import judged

PERIODS = {"1mo": "month", "1w": "week", "1d": "day"}
GROUPS = {"worked": "Worked", "unworked": "Not worked", "held_out": "Held out", "explored": "Explored"}
VERDICTS = {"differs": "Differs", "alike": "Alike", "not_enough_data": "Not enough data"}
FIGURES = ("auc", "win_rate")
UNTOLD = {"few_rows": "under 30 rows' worth", "few_wins": "under 5 wins", "few_losses": "under 5 losses"}


@dataclass(frozen=True)
class Performance:
    """The newest report: its `performance` object, when and by whom it was made."""

    report_id: str
    told: dict[str, Any]
    made_at: datetime
    actor: str

    @property
    def period(self) -> str:
        """What a cohort is: month, week or day."""
        return PERIODS.get(self.told["period"] or "", "period")


def newest() -> Performance | None:
    """The newest report, None where none was made."""
    return _newest(revision("models"))


@st.cache_data(max_entries=2, show_spinner=False)
def _newest(revision: str) -> Performance | None:
    rows = rooms().performance.all().head(1).rows(named=True)
    if not rows:
        return None
    row = rows[0]
    return Performance(row["report_id"], json.loads(row["summary"]), row["made_at"], row["actor"])


def cohorts(report: Performance) -> pl.DataFrame:
    """at, rows, labelled, is_mature; realised auc and win_rate with low and high; the same expected as `*_expected`."""
    rows = []
    for one in report.told["cohorts"]:
        row: dict[str, Any] = {"at": naive(from_text(one["from"]))}
        row |= {name: one[name] for name in ("rows", "labelled", "is_mature")}
        real, guess = one["realised"] or {}, one["estimated"] or {}
        for name in FIGURES:
            low, high = real.get(f"{name}_ci95") or (None, None)
            lowest, highest = guess.get(f"{name}_interval") or (None, None)
            row |= {name: real.get(name), f"{name}_low": low, f"{name}_high": high}
            row |= {f"{name}_expected": guess.get(name), f"{name}_least": lowest, f"{name}_most": highest}
        rows.append(row)
    figures = [f"{name}{end}" for name in FIGURES for end in ("", "_low", "_high", "_expected", "_least", "_most")]
    kinds = {"at": pl.Datetime("us"), "rows": pl.Int64, "labelled": pl.Int64, "is_mature": pl.Boolean}
    return pl.DataFrame(rows, schema=kinds | dict.fromkeys(figures, pl.Float64))


def untold(report: Performance, name: str) -> str:
    """Why mature cohorts tell nothing of a figure: ` Not told: 2 of under 5 wins.`; empty where all do."""
    found = [one.get("untold") for one in report.told["cohorts"] if one["is_mature"]]
    counts = {word: found.count(code) for code, word in UNTOLD.items() if name == "auc" or code == "few_rows"}
    told = ", ".join(f"{count} of {word}" for word, count in counts.items() if count)
    return f" Not told: {told}." if told else ""


def segments(report: Performance) -> pl.DataFrame:
    """One row a level: where, leads, said and happened rates, gap, missed and false alarms with intervals, verdict."""
    kinds = {
        "where": pl.String,
        "leads": pl.Int64,
        "gap": pl.Float64,
        "gap_between": pl.String,
        "missed": pl.Float64,
        "missed_between": pl.String,
        "false_alarm": pl.Float64,
        "false_alarm_between": pl.String,
        "said": pl.String,
    }
    rows = []
    for one in report.told["segments"]:
        row = {
            "where": judged.level(one["name"], one["level"]),
            "leads": one["leads"],
            "said": VERDICTS[one["verdict"]],
        }
        for name in ("gap", "missed", "false_alarm"):
            row |= {name: one[name], f"{name}_between": _between(one[f"{name}_ci95"])}
        rows.append(row)
    return cells(pl.DataFrame(rows, schema=kinds), "where")


def _between(bounds: list[float] | None) -> str | None:
    return None if bounds is None else f"{100 * bounds[0]:.0f} to {100 * bounds[1]:.0f} %"


def bands(report: Performance) -> pl.DataFrame:
    """band, verdict, at, share, conversion, low, high, is_mature: one row a band and period."""
    rows = []
    for band in report.told["inflation"]:
        for one in band["periods"]:
            low, high = one["conversion_ci95"] or (None, None)
            at = naive(from_text(one["from"]))
            rows.append(
                (band["band"], band["verdict"], at, one["share"], one["conversion"], low, high, one["is_mature"])
            )
    kinds = {"band": pl.String, "verdict": pl.String, "at": pl.Datetime("us"), "share": pl.Float64}
    kinds |= dict.fromkeys(("conversion", "low", "high"), pl.Float64) | {"is_mature": pl.Boolean}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def groups(report: Performance) -> pl.DataFrame:
    """One row a group: said, leads, labelled, win_rate, between (its interval), expected_rate."""
    kinds = {"said": pl.String, "leads": pl.Int64, "labelled": pl.Int64, "win_rate": pl.Float64}
    kinds |= {"between": pl.String, "expected_rate": pl.Float64}
    rows = [
        {
            **{name: one[name] for name in ("leads", "labelled", "win_rate", "expected_rate")},
            "said": GROUPS[one["group"]],
            "between": _between(one["win_rate_ci95"]),
        }
        for one in report.told["loops"]["groups"]
    ]
    return cells(pl.DataFrame(rows, schema=kinds), "said")


def fulfilment(report: Performance) -> pl.DataFrame:
    """band, at, index, low, high where it can be said."""
    found = [one for one in report.told["loops"]["self_fulfilment"] if one["index"] is not None]
    rows = [(one["band"], naive(from_text(one["from"])), one["index"], *one["index_ci95"]) for one in found]
    kinds = {"band": pl.String, "at": pl.Datetime("us"), "index": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def as_json(report: Performance) -> bytes:
    """The `performance` object."""
    return json.dumps(report.told, indent=2, ensure_ascii=False).encode()
