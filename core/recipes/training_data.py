"""What a model was trained and tested on, as fingerprints that stay with it."""

import hashlib
from collections.abc import Mapping
from typing import Any

import polars as pl

from core.kernel.times import to_text
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


def is_unseen(facts: Mapping[str, Any], prepared: Prepared) -> bool:
    """Whether the model of these facts was trained on nothing that the test rows of now could have told it.

    By time: it was cut no later. Otherwise: the same leads were held out.
    """
    cut, theirs = prepared.split.cut_at, facts.get("cut_at")
    if cut is not None and theirs is not None:
        return theirs <= to_text(cut)
    return facts.get("held_out") == held_out(prepared)


def is_labelled_alike(facts: Mapping[str, Any], prepared: Prepared) -> bool:
    """Whether the model of these facts was trained on the label of the rows; true where it does not say."""
    label = facts.get("label")
    return label is None or Label.model_validate(label) == prepared.label


def _hashed(rows: pl.DataFrame) -> str:
    text = rows.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6f")
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
