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


def by_region(rows: int = 3000, seed: int = 4) -> pl.DataFrame:
    """Rows of which those of `south` win by what loses those of `north`; `east` is like `north`, `west` has few rows.

    Some leads have no region, some a rare one; calibration rows are a third.
    """
    chance = np.random.default_rng(seed)
    plain = synthetic(rows, seed)
    names = ["north", "south", "east", "west", None, "rare"]
    region = chance.choice(np.array(names, dtype=object), rows, p=[0.4, 0.32, 0.2, 0.03, 0.049, 0.001])
    sign = np.where(region == "south", -1.0, 1.0)
    visits, employees = plain["visits"].to_numpy(), plain["employees"].to_numpy()
    pull = sign * (0.9 * (visits - 3) + 1.1 * np.log(employees / 20)) + 0.4 * plain["asked_demo"].to_numpy()
    y = chance.random(rows) < 1 / (1 + np.exp(-pull))
    place = np.arange(rows) % 10
    part = np.where(place < 5, "train", np.where(place < 8, "calibration", "test"))
    return plain.with_columns(
        y=pl.Series(y.astype(np.int8)), part=pl.Series(part), region=pl.Series(region.tolist(), dtype=pl.String)
    )


REGIONAL = (*FEATURES, FeatureInfo("region", "category", "fit", "Region"))
