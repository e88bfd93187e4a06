"""How good a model is, honestly: figures with intervals, calibration, lift, baselines, and what not to believe."""

from collections.abc import Callable

import polars as pl
import streamlit as st

from app.charts import landmarks, quality
from app.components import chart, glossary, kpi, rows_behind
from app.queries import champions, judged, models, versions
from core.models.store import ModelVersion


def figures(version: ModelVersion, key: str) -> None:
    """Draw the headline figures."""
    told = version.metrics
    low, high = told.get("auc_ci95") or (None, None)
    base = (told.get("baselines") or {}).get("base_rate") or {}
    kpi.tiles(
        [
            kpi.Kpi(
                "AUC",
                _number(told.get("auc")),
                note=f"95 % from {_number(low)} to {_number(high)}",
                help=glossary.term("auc"),
            ),
            kpi.Kpi(
                "Lift, best tenth",
                f"{told.get('lift_at_10') or 0:.1f}×",
                note="against a random tenth",
                help=glossary.term("lift"),
            ),
            kpi.Kpi(
                "Brier",
                _number(told.get("brier")),
                note=f"base rate alone {_number(base.get('brier'))}",
                help=glossary.term("brier"),
            ),
            kpi.Kpi(
                "Calibration gap",
                f"{100 * (told.get('ece') or 0):.1f} pts",
                note="said against happened",
                help=glossary.term("ece"),
            ),
        ],
        key,
    )

    if matured := told.get("matured"):
        st.caption(
            f"Of the {told['rows']:,} unseen rows {matured['rows']:,} have their whole window behind them: AUC "
            f"{matured['auc']:.3f}, calibration gap {100 * matured['ece']:.1f} pts, win rate "
            f"{matured['base_rate']:.0%}. The others are known because they were decided early."
        )
    if compared := champions.compared(told):
        st.caption(compared)
    if weighted := told.get("weighted"):
        st.caption(
            f"Each worked lead counted by the inverse of how likely work was: AUC {weighted['auc']:.3f}, "
            f"calibration gap {100 * weighted['ece']:.1f} pts, win rate {weighted['base_rate']:.0%}, "
            f"{weighted['expected_rate']:.0%} expected. The figures above count the worked leads as they came."
        )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def calibration(version: ModelVersion, key: str) -> None:
    """Draw what was promised against what happened."""
    with chart.card("What it says, and what happens", glossary.term("calibration")):
        bins = models.table(version, "calibration")
        if bins.is_empty():
            st.caption("This model was stored without its calibration table.")
            return
        gap = 100 * float(version.metrics.get("ece") or 0)
        words = f"In words: on unseen leads, said and happened differ by {gap:.1f} points on average."
        points = rows_behind.figure(
            quality.calibration(bins, chart.colours()), f"{key}_calibration", "Calibration curve", words
        )
        if (number := rows_behind.clicked(points)) is not None:
            title = f"Leads of which {bins['predicted'][number]:.1%} was said on average"
            rows_behind.of_model(judged.of_bin(version, number, bins.height), title, f"{key}_calibration", version)


def lift(version: ModelVersion, key: str) -> None:
    """Draw the win rate by tenth of the ranking."""
    deciles = models.table(version, "lift")
    base = float(version.metrics.get("base_rate_test") or 0)
    with chart.card("The best tenth wins most", glossary.term("lift")):
        if deciles.is_empty():
            st.caption("This model was stored without its lift table.")
            return
        found = float(deciles["captured"][min(1, deciles.height - 1)])
        best = deciles["rate"][0]
        words = f"In words: the best tenth wins {best:.0%}, all {base:.0%}; two tenths hold {found:.0%} of the wins."
        points = rows_behind.figure(
            quality.lift(deciles, base, chart.colours()), f"{key}_lift", "Win rate by tenth", words
        )
        if (number := rows_behind.clicked(points)) is not None:
            tenth = int(deciles["decile"][number])
            rows_behind.of_model(
                judged.of_tenth(version, tenth), f"Tenth {tenth} of the ranking", f"{key}_lift", version
            )


def by_landmark(version: ModelVersion, key: str) -> None:
    """Draw the AUC at each landmark with its interval."""
    rows = models.by_landmark(version)
    with chart.card("How early it knows", glossary.term("landmark")):
        if rows.is_empty():
            st.caption("The leads of this store have one undated moment only, so there is nothing by landmark.")
            return
        first, last = rows.row(0, named=True), rows.row(-1, named=True)
        told = f"AUC {first['auc']:.2f} at {first['after']} and {last['auc']:.2f} at {last['after']}"
        words = f"In words: {told}; bars are 95 % intervals by lead."
        points = rows_behind.figure(
            landmarks.intervals(rows, chart.colours()), f"{key}_landmarks", "AUC by landmark", words
        )
        if (number := rows_behind.clicked(points)) is not None:
            after = rows["after"][number]
            rows_behind.of_model(
                judged.of_landmark(version, after), f"Leads {after} after they came", f"{key}_landmarks", version
            )


def scores(version: ModelVersion, key: str) -> None:
    """Draw how the scores spread, with the policy's cuts."""
    rows = models.scores(version)
    with chart.card("How scores spread", glossary.term("score")):
        if rows.is_empty():
            st.caption("This model was stored without its histogram.")
            return
        cuts = versions.bands().enter
        below = rows.filter(pl.col("high") <= 0.1)["rows"].sum() / max(int(rows["rows"].sum()), 1)
        words = f"In words: {below:.0%} of the unseen rows score 10 % or less; dashed lines are the live policy's cuts."
        points = rows_behind.figure(
            quality.histogram(rows, chart.colours(), cuts), f"{key}_scores", "Histogram of scores", words
        )
        if (number := rows_behind.clicked(points)) is not None:
            low, high = rows.select("low", "high").row(number)
            rows_behind.of_model(
                judged.of_scores(version, low, high), f"Scores of {low:.0%} to {high:.0%}", f"{key}_scores", version
            )


def _curves(chosen: list[ModelVersion], curve: Callable[[ModelVersion], pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The curve of each model that was stored with one, by the model's name."""
    found = {f"model {one.version}": curve(one) for one in chosen}
    return {name: rows for name, rows in found.items() if not rows.is_empty()}


def capture(chosen: list[ModelVersion], key: str) -> None:
    """Draw the wins found by capacity, one curve a model."""
    curves = _curves(chosen, models.capture)
    with chart.card("Wins found by capacity", glossary.term("lift")):
        if not curves:
            st.caption("No lift table is stored.")
            return
        capacity = st.slider(
            "Share of leads that can be worked", 0, 100, 20, format="%d %%", key="capacity", bind="query-params"
        )
        name, curve = next(iter(curves.items()))
        found = float(curve.filter(pl.col("worked") <= capacity / 100 + 1e-9)["found"].max() or 0)  # type: ignore[arg-type]
        words = (
            f"In words: working {capacity} % of the leads, best first, {name} finds at least {found:.0%} of the wins."
        )
        figure = quality.capture(curves, chart.colours(), capacity / 100)
        chart.show(figure, f"{key}_capture", alt=f"Share of wins by share of leads worked. {words}", words=words)


def precision(chosen: list[ModelVersion], key: str) -> None:
    """Draw how many of those worked win by how many wins are found, one curve a model."""
    curves = _curves(chosen, models.precision)
    with chart.card("Found against wasted", glossary.term("precision")):
        if not curves:
            st.caption("No lift table is stored.")
            return
        name, curve = next(iter(curves.items()))
        half = curve.filter(pl.col("recall") >= 0.5).row(0, named=True)
        base = float(chosen[0].metrics.get("base_rate_test") or 0)
        area = chosen[0].metrics.get("pr_auc")
        words = (
            f"In words: to find half of the wins with {name}, {half['precision']:.0%} of those worked win, of all "
            f"{base:.0%}. Average precision {_number(area)}."
        )
        figure = quality.precision(curves, base, chart.colours())
        chart.show(figure, f"{key}_precision", alt=f"Precision by recall. {words}", words=words)
