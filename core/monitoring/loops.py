"""Feedback loops: what was worked because of its score, what that hides, and what the log cannot say.

A worked lead's outcome is seen because it was worked. Only leads whose handling was left to chance - held out, or
explored - tell what the score and what the work did.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from core.kernel.times import to_text, utc
from core.models.intervals import Z, wilson
from core.monitoring import judged

GROUPS = ("worked", "unworked", "held_out", "explored")
FEWEST_LEADS = 30
CANNOT_KNOW = {
    "no_work": "No outcome record says whether a lead was worked (`worked`, `worked_at`), so a loss cannot be told "
    "from a lead that nobody called.",
    "no_chance": "No lead was held out or explored by chance: what working does and what the score foresees cannot be "
    "told apart.",
    "unworked": "{count:,} leads were not worked. What they would have become if worked is unknown: the win rate of "
    "all leads, all worked, lies between {low:.1%} and {high:.1%}.",
    "undecided": "{count:,} leads have no outcome yet.",
}


def compare(rows: pl.DataFrame, work: pl.DataFrame, bands: Sequence[str]) -> dict[str, Any]:
    """Groups side by side, the self-fulfilment index by band and period, and what cannot be known.

    rows: lead_id, as_of, cohort, p, y, band, optionally arm and explored; work: lead_id, worked. Each lead counts once,
    at its latest row.
    """
    latest = grouped(rows, work)
    named = [_group(name, latest.filter(pl.col(name))) for name in GROUPS]
    return {
        "groups": named,
        "self_fulfilment": [one for band in bands for one in _index_of(latest.filter(pl.col("band") == band), band)],
        "unknown": _unknown(latest),
    }


def grouped(rows: pl.DataFrame, work: pl.DataFrame) -> pl.DataFrame:
    """One row a lead with the four groups as booleans; a lead of which nobody says if it was worked is in neither."""
    joined = judged.latest(rows).join(work.select("lead_id", was_worked="worked"), on="lead_id", how="left")
    arm = pl.col("arm") if "arm" in joined.columns else pl.lit(None, dtype=pl.String)
    explored = pl.col("explored") if "explored" in joined.columns else pl.lit(False)
    return joined.with_columns(
        pl.col("was_worked").fill_null(False).alias("worked"),
        (~pl.col("was_worked")).fill_null(False).alias("unworked"),
        (arm == "holdout").fill_null(False).alias("held_out"),
        explored.fill_null(False).alias("explored"),
    )


def _group(name: str, part: pl.DataFrame) -> dict[str, Any]:
    known = part.drop_nulls("y")
    wins = int((known["y"] == 1).sum())
    rate = wins / known.height if known.height else None
    said = known["p"].mean()
    return {
        "group": name,
        "leads": part.height,
        "labelled": known.height,
        "wins": wins,
        "win_rate": rate,
        "win_rate_ci95": None if rate is None else list(wilson(rate, known.height)),
        "expected_rate": said if isinstance(said, float) else None,
    }


def _index_of(part: pl.DataFrame, band: str) -> list[dict[str, Any]]:
    """The index of a band in each period, against leads left to chance where there are any, else unworked ones."""
    found = []
    for (cohort,), rows in sorted(part.drop_nulls("cohort").group_by("cohort"), key=lambda pair: pair[0][0]):
        worked, other, basis = compared(rows)
        told = {"band": band, "from": to_text(utc(cohort)), "worked": worked.height, "others": other.height}  # type: ignore[arg-type]
        found.append({**told, "basis": basis, **index(worked["y"], other["y"])})
    return found


def compared(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, str]:
    """Of rows as `grouped` gives them: the labelled worked ones, those held against them, and which these are."""
    known = rows.drop_nulls("y")
    by_chance = known.filter(pl.col("held_out") | (pl.col("explored") & ~pl.col("worked")))
    others, basis = (by_chance, "held_out") if by_chance.height else (known.filter("unworked"), "unworked")
    return known.filter(pl.col("worked") & ~pl.col("held_out")), others, basis


def index(worked: pl.Series, others: pl.Series) -> dict[str, Any]:
    """The share of the worked leads' win rate that leads which were not worked do not reach: 1 - rate / rate.

    0: they win as often unworked, so the score foresaw it; 1: nobody wins unworked, the score fulfils itself. The 95 %
    interval is that of the ratio of the rates (D. Katz et al., Biometrics 34, 1978), half a win added on both sides.
    """
    if min(len(worked), len(others)) < FEWEST_LEADS:
        return {"index": None, "index_ci95": None, "verdict": "cannot_say"}
    wins = float((worked == 1).sum()), float((others == 1).sum())
    rates = (wins[0] + 0.5) / (len(worked) + 0.5), (wins[1] + 0.5) / (len(others) + 0.5)
    ratio = rates[1] / rates[0]
    error = np.sqrt(
        sum(1 / (won + 0.5) - 1 / (count + 0.5) for won, count in zip(wins, (len(worked), len(others)), strict=True))
    )
    bounds = [1 - ratio * float(np.exp(sign * Z * error)) for sign in (1, -1)]
    return {"index": 1 - ratio, "index_ci95": bounds, "verdict": "fulfils_itself" if bounds[0] > 0 else "not_shown"}


def _unknown(latest: pl.DataFrame) -> list[str]:
    told = []
    if not latest["was_worked"].is_not_null().any():
        told.append(CANNOT_KNOW["no_work"])
    if not (latest["held_out"].any() or latest["explored"].any()):
        told.append(CANNOT_KNOW["no_chance"])
    unworked = latest.filter("unworked")
    if unworked.height:
        worked = latest.filter("worked").drop_nulls("y")
        total, wins = worked.height + unworked.height, int((worked["y"] == 1).sum())
        bounds = {"low": wins / total, "high": (wins + unworked.height) / total}
        told.append(CANNOT_KNOW["unworked"].format(count=unworked.height, **bounds))
    if waiting := latest["y"].null_count():
        told.append(CANNOT_KNOW["undecided"].format(count=waiting))
    return told
