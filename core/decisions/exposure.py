"""How far a version on its way is let: which units it decides, which it only shadows, and who decides the others."""

from dataclasses import dataclass

import polars as pl

from core.decisions.arms import CANARY, LIVE, SHADOW
from core.decisions.store_units import UnitStore
from core.kernel.database import Database
from core.policy.arms import bucket_of, buckets_in
from core.policy.document import Policy


@dataclass(frozen=True)
class Exposure:
    """One step of a rollout: the candidate decides the lowest `share` (0 to 1) of the units' buckets, or as a shadow
    decides everybody without being acted on; the version before it decides the others.
    """

    candidate: Policy
    before: Policy
    unit: str
    salt: str
    step: int
    share: float
    is_shadow: bool


@dataclass(frozen=True)
class Part:
    """Rows that one policy decides in one arm; `spine` has the `bucket` of each row's unit."""

    policy: Policy
    arm: str
    step: int | None
    spine: pl.DataFrame


def with_buckets(db: Database, spine: pl.DataFrame, exposure: Exposure) -> pl.DataFrame:
    """The rows with the `bucket` of their units under the rollout's salt."""
    units = UnitStore(db).of(spine, exposure.unit)
    return spine.with_columns(pl.Series("bucket", [bucket_of(exposure.salt, unit) for unit in units], dtype=pl.Int64))


def parts(db: Database, spine: pl.DataFrame, exposure: Exposure) -> list[Part]:
    """The rows (lead_id, known_at and more) by who decides them; rows without a part are left out."""
    whole = with_buckets(db, spine, exposure)
    if exposure.is_shadow:
        split = [(exposure.before, LIVE, whole), (exposure.candidate, SHADOW, whole)]
    else:
        inside = pl.col("bucket") < buckets_in(exposure.share)
        split = [(exposure.before, LIVE, whole.filter(~inside)), (exposure.candidate, CANARY, whole.filter(inside))]
    return [Part(policy, arm, exposure.step, rows) for policy, arm, rows in split if not rows.is_empty()]
