"""Exact discrete Laplace noise for counts that leave the team: whole numbers and fair draws only."""

from fractions import Fraction
from random import Random


def discrete_laplace(epsilon: Fraction, chance: Random) -> int:
    """A whole number with probability proportional to exp(-epsilon x |number|).

    A count that one unit changes by at most 1 is epsilon-differentially private with it (Canonne, Kamath and Steinke,
    The Discrete Gaussian for Differential Privacy, 2020, algorithm 2). `chance` must be unpredictable outside tests.
    """
    scale, step = epsilon.denominator, epsilon.numerator
    while True:
        rest = chance.randrange(scale)
        if not happens(Fraction(rest, scale), chance):
            continue
        whole = 0
        while happens(Fraction(1), chance):
            whole += 1
        size, is_negative = (rest + scale * whole) // step, chance.randrange(2) == 1
        if size or not is_negative:
            return -size if is_negative else size


def happens(exponent: Fraction, chance: Random) -> bool:
    """True with probability exp(-exponent), for an exponent of 0 to 1."""
    count = 1
    while chance.randrange(exponent.denominator * count) < exponent.numerator:
        count += 1
    return count % 2 == 1
