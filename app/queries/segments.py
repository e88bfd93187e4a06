"""By what leads may be told apart in training, and what became of the levels of a trained model."""

from typing import Any

import polars as pl
import streamlit as st

from app.queries.access import revision, rooms
from app.queries.models import recipe_settings
from app.queries.versions import named
from core.kernel.errors import LeadbenchError
from core.models.store import ModelVersion
from core.recipes.document import TrainPart

VALUES = {
    "segment": pl.String, "value": pl.String, "rows": pl.Int64, "positives": pl.Int64, "rate": pl.Float64,
    "auc": pl.Float64, "between": pl.String,
}  # fmt: skip


def asked(given: dict[str, Any], by: str | None) -> TrainPart:
    """The last recipe's settings with those given, and by which attribute levels may have trees of their own."""
    own = recipe_settings().model_dump()
    segments = None if by is None else {**(own.get("segments") or {}), "by": by}
    return TrainPart.model_validate({**own, **given, "segments": segments})


def choices() -> list[str]:
    """The category attributes that the newest model reads, and the one that the last recipe names."""
    own = recipe_settings().segments
    return sorted({*_categories(revision("models")), *([own.by] if own else [])})


@st.cache_data(max_entries=2, show_spinner=False)
def _categories(revision: str) -> list[str]:
    """None where no model is there, or the newest is damaged."""
    board = rooms().models.list()
    try:
        features = rooms().models.get(board["version"][-1]).features if board.height else ()
    except LeadbenchError:
        return []
    return [one.name for one in features if (one.dtype, one.role) == ("category", "fit")]


def by(version: ModelVersion) -> str | None:
    """The attribute by which the model's training told leads apart, None where it did not."""
    return (version.metrics.get("segments") or {}).get("by")


def levels(version: ModelVersion) -> pl.DataFrame:
    """level, scored_by, why, rows, won and lost of training, gain on held-out leads, unseen rows, auc, auc_all.

    auc_all is what the trees of all leads reach on the same unseen rows.
    """
    told = version.metrics.get("segments") or {"levels": []}
    return pl.DataFrame([_level(one) for one in told["levels"]], infer_schema_length=None)


def values(version: ModelVersion) -> pl.DataFrame:
    """segment and value (the same in words), rows, positives, rate, auc, between: figures by one attribute's values."""
    told = version.metrics.get("by_segment") or []
    rows = [
        {
            **{name: one[name] for name in ("segment", "rows", "positives", "auc")},
            "value": named(one["segment"]).replace("_", " "),
            "rate": one["positives"] / one["rows"],
            "between": "–" if one["auc_ci95"] is None else "{:.3f}–{:.3f}".format(*one["auc_ci95"]),
        }
        for one in told
    ]
    return pl.DataFrame(rows, schema=VALUES)


def level(version: ModelVersion, number: int) -> str | None:
    """The level of a row of `levels`; None for leads of which it is not known."""
    return version.metrics["segments"]["levels"][number]["level"]


def _level(one: dict[str, Any]) -> dict[str, Any]:
    has_own, gain, tested = one["why"] == "own", one["gain"], one["test"]
    against = tested["against"]
    return {
        "level": one["level"] or "not known",
        "scored_by": "its own trees" if has_own else "all leads' trees",
        "why": "credibly better on held-out leads" if has_own else one["why"],
        **{name: one[name] for name in ("rows", "won", "lost")},
        "gain": "–" if gain is None else f"{gain['value']:+.4f} ({gain['low']:+.4f} to {gain['high']:+.4f})",
        "unseen": tested["rows"],
        "auc": tested["auc"],
        "auc_all": against["figures"][0]["theirs"] if against else tested["auc"],
    }
