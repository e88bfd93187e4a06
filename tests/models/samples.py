"""Synthetic training frames."""

import numpy as np
import polars as pl

from core.models.encoding import FeatureInfo

FEATURES = (
    FeatureInfo("visits", "count", "engagement", "Visits, last 7 days"),
    FeatureInfo("asked_demo", "boolean", "engagement", "Asked for a demo"),
    FeatureInfo("days_since_last", "number", "engagement", "Days since last event"),
    FeatureInfo("industry", "category", "fit", "Industry"),
    FeatureInfo("employees", "number", "fit", "Employees"),
)


def synthetic(rows: int = 2000, seed: int = 1) -> pl.DataFrame:
    """Rows whose outcome depends on visits, demo and industry, with noise; one row a lead."""
    chance = np.random.default_rng(seed)
    visits = chance.poisson(3, rows)
    demo = chance.random(rows) < 0.2
    industry = chance.choice(["software", "retail", "mining"], rows, p=[0.5, 0.3, 0.2])
    pull = 0.5 * visits + 1.5 * demo + 0.8 * (industry == "software") - 3.2
    y = chance.random(rows) < 1 / (1 + np.exp(-pull))
    age = chance.exponential(5, rows)
    part = np.where(
        np.arange(rows) < rows * 0.6, "train", np.where(np.arange(rows) < rows * 0.75, "calibration", "test")
    )
    return pl.DataFrame(
        {
            "lead_id": [f"l{index:05d}" for index in range(rows)],
            "landmark": np.where(np.arange(rows) % 2 == 0, "1h", "7d"),
            "y": y.astype(np.int8),
            "part": part,
            "visits": visits.astype(np.int64),
            "asked_demo": demo,
            "days_since_last": pl.Series(np.where(age > 12, np.nan, age)).fill_nan(None),
            "industry": industry,
            "employees": pl.Series(chance.lognormal(3, 1, rows)),
        }
    )
