"""Performance by when leads were scored: cohorts whose labels are still to come are there, and marked as such."""

from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
import polars as pl

from core.kernel.times import naive, to_text, utc
from core.models.encoding import Floats
from core.models.intervals import wilson
from core.models.metrics import auc_interval, brier, calibration_error
from core.models.ranking import auc
from core.models.resampling import Drawn
from core.models.worked import effective, weights_of
from core.monitoring.estimate import Estimate, estimate

MATURE_SHARE = 0.9
FEWEST_ROWS = 30
FEWEST_OF_A_CLASS = 5
ROUNDS = 200
Untold = Literal["few_rows", "few_wins", "few_losses"]
SPANS = ((timedelta(days=150), "1mo"), (timedelta(days=21), "1w"), (timedelta(0), "1d"))


def period_of(moments: pl.Series) -> str:
    """The length of a cohort: a month, a week or a day, by how long the rows stretch over."""
    dated = moments.drop_nulls()
    span = (dated.max() - dated.min()) if len(dated) else timedelta(0)  # type: ignore[operator]
    return next(name for least, name in SPANS if span >= least)  # type: ignore[operator]


def with_cohort(rows: pl.DataFrame, period: str) -> pl.DataFrame:
    """The rows with `cohort`, the first moment of the period that as_of lies in."""
    return rows.with_columns(pl.col("as_of").dt.truncate(period).alias("cohort"))


def maturity(rows: pl.DataFrame) -> pl.DataFrame:
    """cohort, rows, labelled, is_mature: whether nine in ten of its rows have a label."""
    counted = rows.group_by("cohort").agg(pl.len().alias("rows"), pl.col("y").is_not_null().sum().alias("labelled"))
    is_mature = pl.col("labelled") >= MATURE_SHARE * pl.col("rows")
    return counted.with_columns(is_mature.alias("is_mature")).sort("cohort", nulls_last=True)


def cohorts(
    rows: pl.DataFrame, horizon_us: int | None, seed: int, whole: pl.DataFrame | None = None
) -> list[dict[str, Any]]:
    """One object a cohort, oldest first; rows: lead_id, as_of, cohort, p, y (null: not known yet).

    whole: the rows by which a cohort is mature, where `rows` are those of them that stand for all.
    """
    found, dated = [], rows.drop_nulls("cohort")
    ripe = dict(maturity(dated if whole is None else whole.drop_nulls("cohort")).select("cohort", "is_mature").rows())
    for start, count, labelled in maturity(dated).select("cohort", "rows", "labelled").rows():
        part, is_mature = rows.filter(pl.col("cohort") == start), ripe[start]
        last = part["as_of"].max()
        waits = horizon_us is not None and not is_mature and isinstance(last, datetime)
        found.append(
            {
                "from": to_text(utc(start)),
                "rows": count,
                "leads": part["lead_id"].n_unique(),
                "labelled": labelled,
                "is_mature": is_mature,
                "matures_at": to_text(utc(last + timedelta(microseconds=horizon_us))) if waits else None,  # type: ignore[arg-type, operator]
                "realised": realised(part.drop_nulls("y"), seed),
                "untold": untold(part.drop_nulls("y")),
                "estimated": estimated(estimate(part, seed)),
            }
        )
    return found


def realised(rows: pl.DataFrame, seed: int) -> dict[str, Any] | None:
    """What came of labelled rows: AUC with its interval by lead, Brier, win rate, what was said, calibration error.

    None under thirty rows; AUC is null under five rows of a class (`untold` says which). Rows with WEIGHT count it,
    leads and rows their effective number: the estimate of all leads by inverse propensity.
    """
    why = untold(rows)
    if why == "few_rows":
        return None
    y, p = (rows[name].cast(pl.Float64).to_numpy() for name in ("y", "p"))
    weight, leads = weights_of(rows), rows.unique("lead_id", keep="first", maintain_order=True)
    area = (None, None) if why else _area(y, p, rows["lead_id"].to_numpy(), seed, weight)
    rate, said = (float(np.average(one, weights=weight)) for one in (y, p))
    return {
        "rows": rows.height,
        "leads": leads.height,
        "wins": int(y.sum()),
        "auc": area[0],
        "auc_ci95": area[1],
        "brier": brier(y, p, weight),
        "win_rate": rate,
        "win_rate_ci95": list(wilson(rate, round(effective(weights_of(leads), leads.height)))),
        "expected_rate": said,
        "calibration_gap": rate - said,
        "ece": calibration_error(y, p, weight),
    }


def untold(rows: pl.DataFrame) -> Untold | None:
    """Why labelled rows do not tell all of what came: few_rows (nothing is said), few_wins, few_losses (no ranking)."""
    wins = int((rows["y"] == 1).sum())
    if effective(weights_of(rows), rows.height) < FEWEST_ROWS:
        return "few_rows"
    if wins < FEWEST_OF_A_CLASS:
        return "few_wins"
    return "few_losses" if rows.height - wins < FEWEST_OF_A_CLASS else None


def _area(
    y: Floats, p: Floats, leads: np.ndarray, seed: int, weight: Floats | None
) -> tuple[float | None, list[float] | None]:
    if weight is None:
        return auc(y, p), list(auc_interval(y, p, leads, seed, ROUNDS))
    area, bounds = Drawn.of(y, p, leads, seed, ROUNDS, weight).figures()["auc"]
    return area, list(bounds)


def estimated(found: Estimate | None) -> dict[str, Any] | None:
    """An estimate as JSON."""
    if found is None:
        return None
    return {
        "rows": found.rows,
        "auc": found.auc,
        "auc_interval": None if found.auc_interval is None else list(found.auc_interval),
        "brier": found.brier,
        "brier_interval": list(found.brier_interval),
        "win_rate": found.win_rate,
        "win_rate_interval": list(found.win_rate_interval),
    }


def agreement(real: dict[str, Any] | None, guess: dict[str, Any] | None) -> dict[str, str]:
    """By figure whether what came lies in the interval that was estimated without labels: inside, above or below."""
    told = {}
    for name in ("auc", "brier", "win_rate"):
        value = None if real is None else real[name]
        bounds = None if guess is None else guess[f"{name}_interval"]
        if value is None or bounds is None:
            told[name] = "not_enough_data"
        else:
            told[name] = "below" if value < bounds[0] else "above" if value > bounds[1] else "inside"
    return told


def label_delay(rows: pl.DataFrame, outcomes: pl.DataFrame) -> dict[str, float | None]:
    """Days from being scored to the outcome of the leads that have one: median and 90th percentile."""
    closed = outcomes.group_by("lead_id").agg(pl.col("at").min())
    waited = rows.group_by("lead_id").agg(pl.col("as_of").min()).join(closed, on="lead_id")
    days = (waited["at"] - waited["as_of"]).dt.total_seconds() / 86_400
    kept = days.filter(days >= 0)
    return {name: _quantile(kept, share) for name, share in (("median_days", 0.5), ("p90_days", 0.9))}


def _quantile(values: pl.Series, share: float) -> float | None:
    found = values.quantile(share, "linear")
    return None if found is None else round(float(found), 2)


def observed(moment: datetime | None) -> str | None:
    """The end of the log as text."""
    return None if moment is None else to_text(utc(naive(moment)))
