"""A challenger in shadow: the leads that the champion decided, scored by the other model from what was known then.

The decision's own inputs, with the challenger's score in place of the champion's, go through the policy that decided:
the band is the one that the challenger would have brought. Nothing is routed by it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from math import atanh, sqrt, tanh
from typing import Any

import polars as pl

from core.decisions.store_shadow import ShadowStore
from core.features import engine as features
from core.features.document import FeatureSet
from core.kernel.database import Database, Watch
from core.models.intervals import Z, wilson
from core.models.model import Model
from core.models.scoring import probabilities
from core.policy import evaluator
from core.policy.document import Policy

BATCH_ROWS = 10_000
FEWEST_RANKED = 10
Policies = Callable[[str], Policy]


def score(
    db: Database,
    champion: str,
    challenger: Model,
    feature_set: FeatureSet,
    policies: Policies,
    actor: str,
    most: int,
    watch: Watch | None = None,
) -> int:
    """Score up to `most` leads that wait for it, in batches of one transaction and ledger entry; how many were written.

    champion: the hash of the model that decided; feature_set is the challenger's. The watch is told after each batch,
    and can stop one, which raises Cancelled.
    """
    store, written, stopping = ShadowStore(db), 0, Watch("the shadow", cancel=watch.cancel if watch else None)
    while written < most:
        waiting = store.waiting(champion, challenger.model_hash, min(BATCH_ROWS, most - written))
        if waiting.is_empty():
            break
        frame = features.build(db, feature_set, waiting.select("lead_id", "as_of", "known_at"), stopping)
        scored = waiting.with_columns(pl.Series("score", probabilities(challenger, frame)).round(4))
        banded = scored.with_columns(pl.Series("band", list(_bands(scored, policies)), dtype=pl.String))
        added = store.add(banded, champion, challenger.model_hash, actor)
        if not added:
            break
        written += added
        if watch and watch.progress:
            watch.progress(1.0, f"{written:,} leads scored by the challenger")
    return written


def _bands(scored: pl.DataFrame, policies: Policies) -> Iterator[str | None]:
    """The band of each row by the policy that decided it."""
    known = {one: evaluator.compile(policies(one)) for one in scored["policy_hash"].unique().to_list()}
    for policy_hash, text, value in scored.select("policy_hash", "inputs", "score").iter_rows():
        inputs = json.loads(text)
        told = {"score": value} if "score" in inputs else {}
        yield known[policy_hash].decide({**inputs, **told}).band


def agreement(pairs: pl.DataFrame, order: Sequence[str]) -> dict[str, Any]:
    """How far two models agree on the leads that both scored (ShadowStore.pairs).

    leads; from and to, the first and last as_of; rank_correlation (Spearman's, D. Bonett, T. Wright, Psychometrika 65,
    2000, for its interval; null under ten leads); mean_difference, challenger minus champion; crossing: the share of
    leads in another band with Wilson's interval, and how many go up and down in the `order` of bands, the best first;
    bands: leads by both bands.
    """
    leads = pairs.height
    moved = pairs.filter(pl.col("champion_band").ne_missing(pl.col("challenger_band")))
    share = moved.height / leads if leads else None
    rank = {name: place for place, name in enumerate(order)}
    steps = [rank[to] - rank[was] for was, to in moved.select("champion_band", "challenger_band").iter_rows()
             if was in rank and to in rank]  # fmt: skip
    both = pairs.select(champion="champion_band", challenger="challenger_band")
    counted = both.group_by("champion", "challenger").len("leads")
    first, last = (None, None) if not leads else (pairs["as_of"].min(), pairs["as_of"].max())
    return {
        "leads": leads,
        "from": first,
        "to": last,
        "rank_correlation": _rank_correlation(pairs),
        "mean_difference": None if not leads else _rounded((pairs["challenger"] - pairs["champion"]).mean()),
        "crossing": None if share is None else {
            "share": _rounded(share), **dict(zip(("low", "high"), map(_rounded, wilson(share, leads)), strict=True)),
            "up": sum(step < 0 for step in steps), "down": sum(step > 0 for step in steps),
        },
        "bands": counted.sort("leads", "champion", "challenger", descending=[True, False, False]).to_dicts(),
    }  # fmt: skip


def _rank_correlation(pairs: pl.DataFrame) -> dict[str, float] | None:
    if pairs.height < FEWEST_RANKED or min(pairs["champion"].n_unique(), pairs["challenger"].n_unique()) < 2:
        return None
    value = float(pairs.select(pl.corr("champion", "challenger", method="spearman")).item())
    inner = min(abs(value), 1 - 1e-12) * (1 if value >= 0 else -1)
    half = Z * sqrt((1 + inner**2 / 2) / (pairs.height - 3))
    return {
        "value": _rounded(value),
        "low": _rounded(tanh(atanh(inner) - half)),
        "high": _rounded(tanh(atanh(inner) + half)),
    }


def _rounded(value: Any) -> float:
    return round(float(value), 6)
