"""Which registered model decides, and why: once one is approved or released, training changes nobody's decisions."""

from dataclasses import dataclass
from typing import Any

from core.models.store import ModelStore


@dataclass(frozen=True)
class Decider:
    """The model that decides; `is_released`: a second person released it; because: a sentence for people."""

    version: str
    model_hash: str
    is_released: bool
    because: str

    def to_json(self) -> dict[str, Any]:
        """The `model` of a run's decisions."""
        return {
            "version": self.version,
            "hash": self.model_hash,
            "released": self.is_released,
            "because": self.because,
        }


def decider_of(models: ModelStore, trained: str | None = None) -> Decider:
    """The released model, else the newest approved one, else the one just trained, else the newest.

    `trained` is the version of the model just trained, if any; a store without models is the caller's to refuse.
    """
    trusted, is_released = models.trusted(), models.released() is not None
    if trusted is None:
        found = models.version(trained) if trained else models.champion()
        assert found is not None
        return Decider(
            found.version, found.model_hash, False, "no model was released or approved yet, so the newest is on trial"
        )
    because = "a second person released it"
    if not is_released:
        because = "no model was released yet, and a second person approved it"
    if trained and trained != trusted.version:
        because += f"; model {trained}, just trained, is the challenger until it is released too"
    return Decider(trusted.version, trusted.model_hash, is_released, because)
