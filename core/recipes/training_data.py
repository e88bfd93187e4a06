"""What a model was trained and tested on, as fingerprints that stay with it."""

import hashlib
from collections.abc import Mapping
from typing import Any

import polars as pl

from core.kernel.times import from_text, naive, to_text
from core.recipes.document import Label
from core.recipes.rows import Prepared

LABELLED = ("lead_id", "as_of", "landmark", "y", "part")


def fingerprint(prepared: Prepared) -> dict[str, Any]:
    """label_hash over every row's lead, moment, label and part; held_out over the test leads; cut_at, the time cut."""
    cut = prepared.split.cut_at
    return {
        "label_hash": _hashed(prepared.rows.select(LABELLED).sort(LABELLED, nulls_last=True)),
        "held_out": held_out(prepared),
        "cut_at": None if cut is None else to_text(cut),
    }


def held_out(prepared: Prepared) -> str:
    """The hash of the test leads."""
    return _hashed(prepared.rows.filter(pl.col("part") == "test").select("lead_id").unique().sort("lead_id"))


def unseen(facts: Mapping[str, Any], prepared: Prepared, rows: pl.DataFrame) -> pl.DataFrame:
    """Those of these test rows of which its training told the model of these facts nothing.

    By time: leads from its own cut on. Otherwise: all where the same leads were held out, else none.
    """
    cut, theirs = prepared.split.cut_at, facts.get("cut_at")
    if cut is not None and theirs is not None:
        return rows.filter(pl.col("created_at") >= naive(from_text(theirs)))
    return rows if facts.get("held_out") == held_out(prepared) else rows.clear()


def is_labelled_alike(facts: Mapping[str, Any], prepared: Prepared, *, by_weight: bool) -> bool:
    """Whether the rows may judge the model of these facts: it was trained on their label, or does not say.

    Rows `by_weight` stand for all leads, so they also judge a model that took unworked leads for something else.
    """
    label = facts.get("label")
    if label is None:
        return True
    theirs = Label.model_validate(label)
    if by_weight:
        theirs = theirs.model_copy(update={"unworked": prepared.label.unworked})
    return theirs == prepared.label


def is_weighted(facts: Mapping[str, Any]) -> bool:
    """Whether the model of these facts was trained on worked leads alone, by weight."""
    return facts.get("weighting") is not None


def _hashed(rows: pl.DataFrame) -> str:
    text = rows.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6f")
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
