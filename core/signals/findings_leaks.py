"""Columns that look like the outcome, and columns that give it away (a first look; training looks again by time)."""

import re
from collections.abc import Iterator

import polars as pl

from core.signals.checks import Finding
from core.signals.inspect import Looked

OUTCOME_NAMES = re.compile(
    r"(^|[^a-z])(outcome|converted|conversion|isconverted|won|iswon|closed_?won|lost|churn(ed)?|target|label|success|"
    r"purchased?|deal_?stage|lifecycle_?stage|qualified|is_closed)([^a-z]|$)"
)
OUTCOME_TYPES = re.compile(
    r"(^|[^a-z])(approved|accepted|activated|registered|declined|rejected|cancell?ed|converted|purchase|"
    r"closed[ _-]?(won|lost)|deal[ _-]?(won|lost)|^won$|^lost$|order[ _-]?placed|churn|finali[sz]ed)",
    re.IGNORECASE,
)
AFTERWARDS = re.compile(
    r"(^|[^a-z])(tags?|quality|rating|status|owner|last_?(notable_?)?(activity|modified|contacted)|lead_?score|"
    r"activity_?(index|score)|profile_?(index|score)|lead_?profile|hubspot_?score|converted_?\w*|close_?date|won_?date)([^a-z]|$)"
)
TYPES_SHOWN = 12
PLAUSIBLE_AUC = 0.9
PRESENCE_GAP = 0.6
SMOOTHING = 5


def leak_findings(looked: Looked) -> Iterator[Finding]:
    """Likely outcome columns or event types, then what may have been filled in because of the outcome."""
    if looked.kind == "events":
        yield from _terminal_types(looked)
        return
    outcomes = [name for name in looked.raw.columns if _is_outcome(looked, name)]
    for name in outcomes:
        message = f"`{name}` looks like the outcome itself"
        remedy = f"Use it as the outcome (`{{column: {name}, won: ...}}`), never as an attribute."
        yield Finding("outcome_like", name, message, remedy)
    label = next((flag for name in outcomes if (flag := _binary(looked.values[name])) is not None), None)
    for name in looked.raw.columns:
        if name not in outcomes and (why := _suspicion(looked, name, label)):
            yield Finding(
                "suspected_leak", name, f"`{name}` {why}", "Leave it out, unless it is known before the outcome."
            )


def plain(name: str) -> str:
    """The name in lower case, its words parted by underscores."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", parted.lower())


def _is_outcome(looked: Looked, name: str) -> bool:
    if name in looked.fields.values() or name in looked.times:
        return False
    return bool(OUTCOME_NAMES.search(plain(name))) and looked.values[name].n_unique() <= 20


def _terminal_types(looked: Looked) -> Iterator[Finding]:
    column = looked.column("type")
    if column is None:
        return
    found = [text for text in column.cast(pl.String).unique().drop_nulls().sort() if OUTCOME_TYPES.search(text)]
    if found:
        shown = ", ".join(f"`{text}`" for text in found[:TYPES_SHOWN])
        message = f"The event types {shown} look like outcomes or follow from one"
        yield Finding("outcome_like", column.name, message, "Name those that decide as outcomes; leave the others out.")


def _binary(values: pl.Series) -> pl.Series | None:
    """The column as 0/1, where it has exactly two values: the greater (true, yes, 1, won) is 1."""
    present = values.drop_nulls()
    if present.n_unique() != 2:
        return None
    return (values.cast(pl.String) == present.cast(pl.String).max()).cast(pl.Float64)


def _suspicion(looked: Looked, name: str, label: pl.Series | None) -> str | None:
    if label is not None and name not in looked.fields.values():
        gap = _presence_gap(looked.values[name], label)
        if gap >= PRESENCE_GAP:
            return f"is filled in almost only for one outcome (by {gap:.0%} more often)"
        alone = _auc_alone(looked.values[name], label)
        if alone >= PLAUSIBLE_AUC:
            return f"alone separates the outcome with AUC {alone:.2f}"
    if AFTERWARDS.search(plain(name)):
        return "is usually filled in during or after selling"
    return None


def _presence_gap(values: pl.Series, label: pl.Series) -> float:
    frame = pl.DataFrame({"y": label, "there": values.is_not_null()}).drop_nulls("y")
    shares = frame.group_by("y").agg(pl.col("there").mean())["there"]
    return float(shares.max() - shares.min()) if len(shares) == 2 else 0.0  # type: ignore[operator]


def _auc_alone(values: pl.Series, label: pl.Series) -> float:
    """AUC of the column by itself: numbers by rank, categories by their smoothed rate without the row itself."""
    frame = pl.DataFrame({"y": label, "v": values}).drop_nulls("y")
    if values.dtype.is_numeric():
        frame = frame.with_columns(s=pl.col("v").cast(pl.Float64).fill_null(strategy="min").fill_null(0.0))
        auc = _auc(frame)
        return max(auc, 1 - auc)
    rate = float(frame["y"].sum()) / max(1, frame.height)
    total, count = pl.col("y").sum().over("v"), pl.len().over("v")
    without = (total - pl.col("y") + SMOOTHING * rate) / (count - 1 + SMOOTHING)
    return _auc(frame.with_columns(s=without))


def _auc(frame: pl.DataFrame) -> float:
    ranks = frame["s"].rank("average").filter(frame["y"] == 1)
    positives, negatives = len(ranks), frame.height - len(ranks)
    if not positives or not negatives:
        return 0.5
    return (float(ranks.sum()) - positives * (positives + 1) / 2) / (positives * negatives)
