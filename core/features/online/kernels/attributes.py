"""The last value of each attribute, as known at a moment."""

import math

import numpy as np
from numba import njit

from core.kernel.times import DAY_US

DAY = float(DAY_US)
UNDATED = 2**63 - 1


@njit(cache=True, nogil=True)
def vector(
    rows: np.ndarray, numbers: np.ndarray, kinds: np.ndarray, as_of: int, known_at: int, out: np.ndarray
) -> None:
    """Write the first visible value of each attribute into `out`, NaN where there is none.

    rows: attribute, valid from, known from, value (in `numbers` as a double); the one that counts most comes first.
    kinds: 0 a double, 1 a code, 2 a moment, given as days before `as_of`, missing where that is UNDATED.
    """
    out[:] = math.nan
    for place in range(len(rows)):
        name = rows[place, 0]
        if not math.isnan(out[name]) or rows[place, 1] > as_of or rows[place, 2] > known_at:
            continue
        if kinds[name] == 0:
            out[name] = numbers[place, 3]
        elif kinds[name] == 1:
            out[name] = float(rows[place, 3])
        elif as_of != UNDATED:
            out[name] = float(as_of - rows[place, 3]) / DAY
