"""From what became of scored leads to alerts: what is wrong, its likely cause, and what to do about it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from core.monitoring.alerts import PROPOSE
from core.monitoring.report import Alert

WORDS = {"missed": "wins outside the best band", "false_alarm": "others inside the best band", "gap": "calibration"}


def alerts_of(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The alerts of a `performance` object, in the order of its parts."""
    found = [*_of_estimate(told), *_of_segments(told), *_of_bands(told)]
    return [asdict(one) for one in found]


def _of_estimate(told: Mapping[str, Any]) -> Iterator[Alert]:
    real, guess = told["realised"], told["estimated"]
    if told["agreement"]["auc"] == "below":
        yield Alert(
            "high", "ranking_fell", "auc",
            f"The ranking is worse than the scores themselves promise: AUC {real['auc']:.3f}, not {guess['auc']:.3f}.",
            "The relation of what leads do to what becomes of them changed, or the probabilities were never right.",
            PROPOSE,
        )  # fmt: skip
    if told["agreement"]["win_rate"] in ("above", "below"):
        yield Alert(
            "medium", "calibration_moved", "win_rate",
            f"{real['win_rate']:.1%} won where the scores said {real['expected_rate']:.1%}.",
            "The base rate moved since the model was calibrated.",
            "Recalibrate on newer leads: train a challenger; ranks and percentiles hold meanwhile.",
        )  # fmt: skip


def _of_segments(told: Mapping[str, Any]) -> Iterator[Alert]:
    for one in told["segments"]:
        if one["verdict"] != "differs":
            continue
        words = " and ".join(WORDS[name] for name in one["differs_in"])
        yield Alert(
            "medium", "segment_differs", f"{one['name']} = {one['level']}",
            f"Errors for {one['name']} `{one['level']}` differ from all other leads in {words}.",
            "The model knows less of this segment, or the segment changed.",
            "Look at its leads and at how many of them training saw; until then do not route it by score alone.",
        )  # fmt: skip


def _of_bands(told: Mapping[str, Any]) -> Iterator[Alert]:
    for one in told["inflation"]:
        if one["verdict"] != "inflated":
            continue
        yield Alert(
            "high", "band_inflated", one["band"],
            f"More leads reach `{one['band']}` or better each period while fewer of them win.",
            "The scores inflated: the cut was set on an earlier population.",
            "Propose new cut-offs from capacity and value on Train; a second person releases them.",
        )  # fmt: skip
