"""Unworked is not lost: what training makes of leads that nobody worked."""

from collections.abc import Sequence
from dataclasses import replace

from core.models.labels import LandmarkRows


def without_unworked(found: LandmarkRows, unworked: Sequence[str]) -> LandmarkRows:
    """The rows without the losses of leads that nobody worked: what they would have become is unknown, not lost."""
    lost = (found.rows["y"] == 0) & found.rows["lead_id"].is_in(list(unworked))
    dropped = int(lost.sum())
    return replace(found, rows=found.rows.filter(~lost), censored=found.censored + dropped, unworked=dropped)
