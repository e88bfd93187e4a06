"""One-step simulation: the leads as they stand, decided by two policies side by side."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from core.policy import evaluator
from core.policy.document import Policy
from core.policy.outcome import Outcome

OUTPUTS = ("disposition", "band", "pool", "action", "sla_min", "next_state", "priority")
MATRIX_OUTPUTS = ("disposition", "band", "pool", "action")
Lead = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Simulation:
    """Both decisions of every lead: lead_id, then `<output>_before` and `<output>_after` of each output.

    `hits` says of `before` and `after` how many leads each rule had a part in, by the rule's id.
    """

    before: Policy
    after: Policy
    leads: pl.DataFrame = field(repr=False)
    hits: Mapping[str, Mapping[str, int]] = field(default_factory=dict, repr=False)

    @property
    def changed(self) -> pl.DataFrame:
        """The leads for which any output but the priority differs."""
        return self.leads.filter(pl.any_horizontal(_differs(name) for name in OUTPUTS if name != "priority"))

    def matrix(self, output: str) -> pl.DataFrame:
        """How many leads go from which value to which: before, after, leads; missing values are `none`."""
        sides = [_side(output, when).fill_null("none").alias(when) for when in ("before", "after")]
        return (
            self.leads.group_by(sides)
            .agg(pl.len().alias("leads"))
            .sort("leads", "before", "after", descending=[True, False, False])
        )

    def newly(self, disposition: str) -> pl.DataFrame:
        """The leads that only the new policy gives this disposition."""
        now = pl.col("disposition_after") == disposition
        return self.leads.filter(now & (pl.col("disposition_before") != disposition))

    def differing(self, output: str) -> int:
        """How many leads the output differs for."""
        return int(self.leads.select(_differs(output).sum()).item())

    def side(self, when: str) -> pl.DataFrame:
        """lead_id and the outputs of one side (`before` or `after`), under their own names."""
        return self.leads.select("lead_id", *(pl.col(f"{name}_{when}").alias(name) for name in OUTPUTS))

    def moves(self) -> list[dict[str, Any]]:
        """The matrices of disposition, band, pool and action: output, before, after, leads."""
        return [{"output": name, **row} for name in MATRIX_OUTPUTS for row in self.matrix(name).iter_rows(named=True)]


def decided(policy: Policy, leads: Sequence[Lead]) -> pl.DataFrame:
    """One row a lead, by its id: the policy's outputs over its inputs, and `rules`, those that had a part in them."""
    evaluate = evaluator.compile(policy).decide
    return as_frame((lead_id, evaluate(given)) for lead_id, given in leads)


def as_frame(outcomes: Iterable[tuple[str, Outcome]]) -> pl.DataFrame:
    """The frame of `decided` for leads with their outcomes."""
    rows = [
        (lead_id, *(getattr(outcome, name) for name in OUTPUTS), [reason.rule for reason in outcome.reasons])
        for lead_id, outcome in outcomes
    ]
    return pl.DataFrame(rows, schema=_schema(), orient="row").sort("lead_id")


def compare(before: Policy, after: Policy, sides: Mapping[str, pl.DataFrame]) -> Simulation:
    """The simulation of what both policies decided (`before` and `after`: frames of `decided`)."""
    renamed = [
        side.select("lead_id", *(pl.col(name).alias(f"{name}_{when}") for name in OUTPUTS))
        for when, side in sides.items()
    ]
    hits = {when: dict(Counter(side["rules"].explode().drop_nulls().to_list())) for when, side in sides.items()}
    return Simulation(before, after, renamed[0].join(renamed[1], on="lead_id", maintain_order="left"), hits)


def _schema() -> dict[str, Any]:
    kinds = {name: pl.Int64 if name in ("sla_min", "priority") else pl.String for name in OUTPUTS}
    return {"lead_id": pl.String, **kinds, "rules": pl.List(pl.String)}


def _side(output: str, when: str) -> pl.Expr:
    return pl.col(f"{output}_{when}").cast(pl.String)


def _differs(output: str) -> pl.Expr:
    return pl.col(f"{output}_before").ne_missing(pl.col(f"{output}_after"))
