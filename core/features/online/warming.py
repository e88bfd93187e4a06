"""Gets the compiled walk ready before it is needed: compiling takes seconds once, loading it half a second."""

import numpy as np

from core.features.online.layout import FIXED
from core.features.online.plan import WalkPlan


def warm() -> None:
    """Compile the walk, or load it from the disk; every later call in this process is fast."""
    from core.features.online.kernels import attributes, walk

    rows, out = np.zeros((1, FIXED), dtype=np.int64), np.zeros(0)
    walk.vector(_nothing(), rows, rows.view(np.float64), np.zeros(0, dtype=np.int64), 1, 1, out)
    attributes.vector(rows[:0], rows[:0].view(np.float64), np.zeros(0, dtype=np.int64), 1, 1, out)


def _nothing() -> WalkPlan:
    return WalkPlan(
        np.zeros((0, 7), dtype=np.int64),
        np.zeros(0),
        np.zeros((0, 2), dtype=np.int64),
        np.zeros((0, 4), dtype=np.int64),
        np.zeros((0, 2)),
        0,
    )
