"""Exact sums of whole doubles in two words, base 2^60, and their nearest double."""

import math

import numpy as np
from numba import njit

BASE_BITS = 60
BASE = float(2**BASE_BITS)
SMALL = float(2**53)


@njit(cache=True, nogil=True)
def nearest(value: float) -> float:
    """The whole number nearest to a double, halves away from zero."""
    whole = np.floor(abs(value))
    if abs(value) - whole >= 0.5:
        whole += 1.0
    return math.copysign(whole, value)


@njit(cache=True, nogil=True)
def add(ints: np.ndarray, place: int, value: float) -> None:
    """Add a whole double below 2^100 to the words at ints[place, 1:3]."""
    if abs(value) < SMALL:
        ints[place, 2] += np.int64(value)
    else:
        high = np.trunc(value / BASE)
        ints[place, 1] += np.int64(high)
        ints[place, 2] += np.int64(value - high * BASE)
    carry = ints[place, 2] >> BASE_BITS
    ints[place, 1] += carry
    ints[place, 2] -= carry << BASE_BITS


@njit(cache=True, nogil=True)
def total(high: int, low: int) -> float:
    """high * 2^60 + low (0 <= low < 2^60) as the nearest double, halves to even; exact while high is below 2^53."""
    if -8 <= high < 8:
        return float((high << BASE_BITS) + low)
    sticky = low >> 8
    if low & 255:
        sticky |= 1
    return float(high) * BASE + float(sticky) * 256.0
