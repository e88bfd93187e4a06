"""Whether scores still hold: errors by segment, and whether bands fill up while their conversion falls."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from core.kernel.times import to_text, utc
from core.models.intervals import wilson
from core.monitoring import judged
from core.monitoring.cohorts import maturity

FEWEST_LEADS = 50
FEWEST_WINS = 10
FEWEST_PERIODS = 4
MOST_LEVELS = 12
ERROR_RATE = 0.05
ERRORS = ("missed", "false_alarm", "gap")


def segments(rows: pl.DataFrame, names: Sequence[str], top: Sequence[str]) -> list[dict[str, Any]]:
    """Errors by level of each segment against all other leads, at each lead's latest labelled row.

    rows: lead_id, as_of, p, y, band and the segments. missed: share of the wins outside the bands in `top`;
    false_alarm: share of the others inside them; gap: win rate less what was said. A level differs where one of the
    three does, Holm-corrected over all of them (S. Holm, Scandinavian Journal of Statistics 6, 1979).
    """
    placed = judged.latest_labelled(rows).with_columns(pl.col("band").is_in(list(top)).fill_null(False).alias("inside"))
    found, chances = [], []
    for name in names:
        for level in placed[name].drop_nulls().cast(pl.String).unique().sort().head(MOST_LEVELS).to_list():
            within = (pl.col(name).cast(pl.String) == level).fill_null(False)
            told, p_values = _level(placed.filter(within), placed.filter(~within))
            found.append({"name": name, "level": level, **told})
            chances.append(p_values)
    return _judged(found, chances)


def _level(part: pl.DataFrame, rest: pl.DataFrame) -> tuple[dict[str, Any], list[float | None]]:
    sides = [_counts(part), _counts(rest)]
    told: dict[str, Any] = {"leads": part.height, "wins": sides[0]["wins"], "win_rate": None, "expected_rate": None}
    if part.height:
        told["win_rate"], told["expected_rate"] = sides[0]["wins"] / part.height, sides[0]["said"] / part.height
    for error, hits, of in (("missed", "missed", "wins"), ("false_alarm", "alarms", "others")):
        count, total = sides[0][hits], sides[0][of]
        told[error] = count / total if total else None
        told[f"{error}_ci95"] = _share_interval(count, total)
    told["gap"], told["gap_ci95"] = _gap(part)
    enough = all(side["leads"] >= FEWEST_LEADS and side["wins"] >= FEWEST_WINS for side in sides)
    if not enough:
        return told, [None, None, None]
    return told, [_differs(sides, "missed", "wins"), _differs(sides, "alarms", "others"), _gaps_differ(part, rest)]


def _counts(part: pl.DataFrame) -> dict[str, Any]:
    won, inside = part["y"] == 1, part["inside"]
    wins = int(won.sum())
    return {
        "leads": part.height,
        "wins": wins,
        "others": part.height - wins,
        "said": float(part["p"].sum()),
        "missed": int((won & ~inside).sum()),
        "alarms": int((~won & inside).sum()),
    }


def _share_interval(count: int, total: int) -> list[float] | None:
    from statsmodels.stats.proportion import proportion_confint

    bounds: Any = proportion_confint(count, total, method="wilson") if total else None
    return None if bounds is None else [float(bound) for bound in bounds]


def _gap(part: pl.DataFrame) -> tuple[float | None, list[float] | None]:
    """Win rate less what was said, with the 95 % interval of its mean over leads."""
    if part.height < 2:
        return None, None
    from statsmodels.stats.weightstats import DescrStatsW

    found: Any = DescrStatsW((part["y"].cast(pl.Float64) - part["p"]).to_numpy())
    return float(found.mean), [float(bound) for bound in found.tconfint_mean()]


def _differs(sides: Sequence[dict[str, Any]], hits: str, of: str) -> float:
    """p-value of the two shares being one (A. Agresti, B. Caffo, The American Statistician 54, 2000)."""
    from statsmodels.stats.proportion import test_proportions_2indep

    counts = [(side[hits], side[of]) for side in sides]
    if min(total for _, total in counts) == 0:
        return 1.0
    test: Any = test_proportions_2indep(*counts[0], *counts[1], method="agresti-caffo")
    chance = float(test.pvalue)
    return chance if np.isfinite(chance) else 1.0


def _gaps_differ(part: pl.DataFrame, rest: pl.DataFrame) -> float:
    from statsmodels.stats.weightstats import ttest_ind

    errors = [(side["y"].cast(pl.Float64) - side["p"]).to_numpy() for side in (part, rest)]
    chance = float(ttest_ind(errors[0], errors[1], usevar="unequal")[1])
    return chance if np.isfinite(chance) else 1.0


def _judged(found: list[dict[str, Any]], chances: list[list[float | None]]) -> list[dict[str, Any]]:
    """The levels with the errors in which they differ from all other leads, and a verdict."""
    flat = [(row, place, chance) for row, held in enumerate(chances) for place, chance in enumerate(held)]
    tested = [(row, place, chance) for row, place, chance in flat if chance is not None]
    if tested:
        from statsmodels.stats.multitest import multipletests

        refused = multipletests([chance for *_, chance in tested], alpha=ERROR_RATE, method="holm")[0]
    else:
        refused = []
    differing: dict[int, list[str]] = {row: [] for row, *_ in tested}
    for (row, place, _), is_refused in zip(tested, refused, strict=True):
        if is_refused:
            differing[row].append(ERRORS[place])
    return [
        told
        | {
            "differs_in": differing.get(row, []),
            "verdict": "not_enough_data" if row not in differing else "differs" if differing[row] else "alike",
        }
        for row, told in enumerate(found)
    ]


def inflation(rows: pl.DataFrame, bands: Sequence[str]) -> list[dict[str, Any]]:
    """By band, best first: the share of leads in it or a better one and their conversion, period by period.

    rows: lead_id, cohort, band, y. A band is inflated where the share rises and the conversion of mature periods falls,
    both by a logistic trend at the 5 % level; under four periods it is not said.
    """
    dated = judged.once_a_cohort(rows)
    mature = dict(maturity(rows.drop_nulls("cohort")).select("cohort", "is_mature").rows())
    found = []
    for place, band in enumerate(bands):
        above = pl.col("band").is_in(list(bands[: place + 1])).fill_null(False)
        counted = dated.group_by("cohort").agg(
            pl.len().alias("leads"),
            above.sum().alias("inside"),
            (above & pl.col("y").is_not_null()).sum().alias("labelled"),
            (above & (pl.col("y") == 1)).sum().alias("wins"),
        )
        found.append(_band(band, counted.sort("cohort").to_dicts(), mature))
    return found


def _band(band: str, periods: list[dict[str, Any]], mature: dict[Any, bool]) -> dict[str, Any]:
    ripe = [one for one in periods if mature[one["cohort"]] and one["labelled"]]
    share = trend([one["inside"] for one in periods], [one["leads"] for one in periods])
    conversion = trend([one["wins"] for one in ripe], [one["labelled"] for one in ripe])
    verdict = "not_enough_data"
    if share is not None and conversion is not None:
        rises, falls = share[0] > 0 and share[1] < ERROR_RATE, conversion[0] < 0 and conversion[1] < ERROR_RATE
        verdict = "inflated" if rises and falls else "steady"
    return {
        "band": band,
        "verdict": verdict,
        "share_trend": None if share is None else share[0],
        "conversion_trend": None if conversion is None else conversion[0],
        "periods": [_period(one, mature[one["cohort"]]) for one in periods],
    }


def _period(one: dict[str, Any], is_mature: bool) -> dict[str, Any]:
    rate = one["wins"] / one["labelled"] if one["labelled"] else None
    return {
        "from": to_text(utc(one["cohort"])),
        "leads": one["leads"],
        "inside": one["inside"],
        "share": one["inside"] / one["leads"],
        "labelled": one["labelled"],
        "conversion": rate,
        "conversion_ci95": None if rate is None else list(wilson(rate, one["labelled"])),
        "is_mature": is_mature,
    }


def trend(hits: Sequence[int], totals: Sequence[int]) -> tuple[float, float] | None:
    """Change of the log-odds a period and its p-value by logistic regression; None under four periods or one class."""
    if len(hits) < FEWEST_PERIODS or not 0 < sum(hits) < sum(totals):
        return None
    import statsmodels.api as sm

    counts = np.column_stack([hits, np.array(totals) - np.array(hits)])
    fitted = sm.GLM(counts, sm.add_constant(np.arange(len(hits), dtype=float)), family=sm.families.Binomial()).fit()
    slope, chance = float(fitted.params[1]), float(fitted.pvalues[1])
    return (slope, chance) if np.isfinite([slope, chance]).all() else None
