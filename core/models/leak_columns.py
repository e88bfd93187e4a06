"""Columns that give the outcome away."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from core.models.leak_evidence import FEWEST_LEADS, Suspect, one_sided, percent
from core.models.leak_names import hint
from core.models.ranking import auc_error, single_column_auc

IMPLAUSIBLE = 0.9
OWN_HISTORY = 0.05
LATE = 0.5
TELLING = 0.6


@dataclass(frozen=True)
class _Column:
    """One column against the classes: filled leads by class, held-out AUC, and when its first values came."""

    name: str
    sizes: tuple[int, int]
    filled: tuple[int, int]
    auc: float
    tested: tuple[int, int]
    later: float | None
    at_outcome: float | None

    @property
    def significant(self) -> bool:
        """Whether the held-out AUC is above one half beyond chance (95 %)."""
        return bool(self.auc - 1.96 * auc_error(self.auc, *self.tested) > 0.5)


def examine(attributes: pl.DataFrame, times: pl.DataFrame, facts: pl.DataFrame) -> list[Suspect]:
    """The columns filled in late, only for one outcome, foretelling it beyond belief, or named as kept by sales."""
    joined = facts.join(attributes, on="lead_id", maintain_order="left")
    names = [name for name in attributes.columns if name != "lead_id"]
    if joined.is_empty() or not names:
        return []
    late = _lateness(times, facts)
    y = joined["positive"].cast(pl.Float64).to_numpy()
    parts = joined["part"].fill_null("dropped")
    found = [_judge(_measure(name, joined, y, parts, late.get(name)), len(names)) for name in names]
    return [suspect for suspect in found if suspect is not None]


def _lateness(times: pl.DataFrame, facts: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Per column with times: the share of leads whose first value came after creation, and at the outcome or later."""
    if times.is_empty():
        return {}
    second = pl.duration(seconds=1)
    known = times.join(facts, on="lead_id").filter(
        pl.col("valid_from").is_not_null() & pl.col("created_at").is_not_null()
    )
    shares = known.group_by("name").agg(
        (pl.col("valid_from") > pl.col("created_at") + second).mean().alias("later"),
        (pl.col("valid_from") >= pl.col("decided_at")).fill_null(False).mean().alias("at_outcome"),
    )
    return {row["name"]: (row["later"], row["at_outcome"]) for row in shares.to_dicts()}


def _measure(
    name: str, joined: pl.DataFrame, y: np.ndarray, parts: pl.Series, late: tuple[float, float] | None
) -> _Column:
    present = (
        joined[name].is_not_null().to_numpy() & (joined[name].cast(pl.String) != "NaN").fill_null(False).to_numpy()
    )
    used, tested = (parts != "dropped").to_numpy(), (parts == "test").to_numpy()
    positives = int(y.sum())
    held = int(y[tested].sum())
    return _Column(
        name=name,
        sizes=(positives, len(y) - positives),
        filled=(int(y[present].sum()), int((1 - y)[present].sum())),
        auc=single_column_auc(joined[name].filter(pl.Series(used)), y[used], tested[used]),
        tested=(held, int(tested.sum()) - held),
        later=late[0] if late else None,
        at_outcome=late[1] if late else None,
    )


def _judge(column: _Column, tried: int) -> Suspect | None:
    told = [*_timing(column), *_one_outcome(column, tried), *_separates(column), *_name(column)]
    if not told:
        return None
    filled, sizes = column.filled, column.sizes
    alone = column.auc if np.isfinite(column.auc) else 0.5
    evidence = (
        f"{_sentence([text for _, text in told])} Alone it reaches AUC {alone:.2f} on held-out leads; "
        f"filled for {filled[0]} of {sizes[0]} positive and {filled[1]} of {sizes[1]} other leads."
    )
    return Suspect(column.name, "column", column.name, tuple(rule for rule, _ in told), evidence, round(alone, 4))


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return text[0].upper() + text[1:] + "."


def _timing(column: _Column) -> list[tuple[str, str]]:
    if column.at_outcome is not None and column.at_outcome >= LATE:
        return [("timing", f"in {percent(column.at_outcome)} of leads it is filled in at the outcome or later")]
    if column.later is not None and column.later >= LATE and column.significant and column.auc >= TELLING:
        return [("timing", f"in {percent(column.later)} of leads it is filled in after created_at")]
    return []


def _one_outcome(column: _Column, tried: int) -> list[tuple[str, str]]:
    base = column.sizes[0] / sum(column.sizes)
    missing = (column.sizes[0] - column.filled[0], column.sizes[1] - column.filled[1])
    for verb, (positive, other) in (("filled in", column.filled), ("missing", missing)):
        leads = positive + other
        for_positive = one_sided(positive, leads, base, tried)
        if leads >= FEWEST_LEADS and (for_positive or one_sided(other, leads, 1 - base, tried)):
            side = "positive" if for_positive else "other"
            share = percent(max(positive, other) / leads)
            return [("one_outcome", f"it is {verb} almost only for one outcome ({share} of these leads are {side})")]
    return []


def _separates(column: _Column) -> list[tuple[str, str]]:
    if column.significant and column.auc >= IMPLAUSIBLE:
        return [("separates", "it separates the classes beyond what is plausible")]
    return []


def _name(column: _Column) -> list[tuple[str, str]]:
    told = hint(column.name)
    own_history = column.later is not None and column.later >= OWN_HISTORY
    return [("name", told)] if told and not own_history and column.significant else []
