"""A report that may leave the team: how many accounts are in each cell, with noise, and none of a small cell."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random

import polars as pl

from core.decisions.store_board import DecisionBoard
from core.decisions.store_units import ACCOUNT, UnitStore
from core.governance.errors_reports import DimensionUnknown
from core.kernel.database import Database
from core.kernel.noise import discrete_laplace
from core.policy.document import Document
from core.policy.stages import DISPOSITIONS

MISSING = "none"


@dataclass(frozen=True)
class Dimension:
    """Something to report by: its name, its words, which the policy declares, and whether it is an input."""

    name: str
    words: tuple[str, ...]
    is_input: bool


def dimensions(document: Document) -> dict[str, Dimension]:
    """What a report can be by: outputs of the policy, and inputs with declared values."""
    outputs = {
        "disposition": DISPOSITIONS,
        "band": document.bands.order,
        "pool": tuple(document.pools),
        "action": document.actions.catalogue if document.actions else (),
    }
    inputs = {name: field.values for name, field in document.inputs.fields.items() if field.type == "enum"}
    found = [Dimension(name, words, False) for name, words in outputs.items() if words]
    found += [Dimension(name, words, True) for name, words in inputs.items()]
    return {one.name: one for one in found}


def chosen(document: Document, names: Sequence[str]) -> list[Dimension]:
    """The dimensions of these names; raises DimensionUnknown."""
    known = dimensions(document)
    for name in names:
        if name not in known:
            raise DimensionUnknown(name, list(known))
    return [known[name] for name in dict.fromkeys(names)]


def report(
    db: Database, by: Sequence[Dimension], epsilon: Fraction, least: int, chance: Random
) -> list[dict[str, str | int | None]]:
    """A row a cell: its words, and `accounts`, None where there are fewer than `least` by the noisy count.

    Every cell that the policy's words allow is there, so that its presence tells nothing; an account counts once, in
    the cell of its first lead by id, so that one account changes one count by one.
    """
    counts = _counts(db, by)
    rows: list[dict[str, str | int | None]] = []
    for words in product(*((*one.words, MISSING) for one in by)):
        noisy = counts[words] + discrete_laplace(epsilon, chance)
        named = {one.name: word for one, word in zip(by, words, strict=True)}
        rows.append({**named, "accounts": noisy if noisy >= least else None})
    return rows


def _counts(db: Database, by: Sequence[Dimension]) -> Counter[tuple[str, ...]]:
    board = DecisionBoard(db)
    rows = board.rows().filter(~pl.col("closed_since"))
    asked = {one.name: "enum" for one in by if one.is_input}
    if asked:
        inputs = board.inputs(asked)
        rows = rows.drop([name for name in asked if name in rows.columns]).join(inputs, on="decision_id", how="left")
    accounts = UnitStore(db).of(rows.select("lead_id", "known_at"), ACCOUNT)
    once = rows.with_columns(pl.Series("account", accounts, dtype=pl.String)).sort("lead_id")
    once = once.unique("account", keep="first", maintain_order=True)
    return Counter(once.select(_word(one) for one in by).rows())


def _word(one: Dimension) -> pl.Expr:
    """The dimension's word, `none` where a lead has none of those declared."""
    return pl.when(pl.col(one.name).is_in(list(one.words))).then(one.name).otherwise(pl.lit(MISSING)).alias(one.name)
