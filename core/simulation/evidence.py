"""What a simulation found together with all that it was found from, under one hash that an approval can name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from core.kernel.canonical import digest, plain

STREAMS = ("decisions", "signals", "features")
"""The streams whose data a simulation reads."""


@dataclass(frozen=True)
class Evidence:
    """A simulation's result (JSON) with the content hashes of both policies, the data's revisions, mode and seed.

    The same policies on the same data give the same hash; when and by whom it was made is no part of it.
    """

    before: str
    after: str
    revisions: Mapping[str, str]
    mode: str
    seed: int
    result: Mapping[str, Any]

    @cached_property
    def hash(self) -> str:
        """`sha256:<hex>` of the canonical JSON of everything above."""
        return digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """What is hashed and kept."""
        return {
            "before": self.before,
            "after": self.after,
            "revisions": dict(self.revisions),
            "mode": self.mode,
            "seed": self.seed,
            "result": plain(self.result),
        }


@dataclass(frozen=True)
class Kept:
    """A piece of evidence in the store: who kept it, and when (naive UTC)."""

    evidence: Evidence
    actor: str
    made_at: datetime
