"""Tests that may be looked at again and again: of the sizes of two arms, and of a difference of two shares."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

TUNED_TO = 3000
CONCENTRATION = 200


@dataclass(frozen=True)
class Arm:
    """A metric in one arm: the leads, those for which it held, the accounts that they belong to, and the spread.

    The spread is the sum over accounts of the squared difference of its hits from what its leads and the arm's share
    give: the linearised variance of a ratio (Cochran, "Sampling Techniques", 6.3). Leads of one account move together,
    so an account is one observation; a lead without one is an account of its own.
    """

    leads: int
    hits: int
    accounts: int
    spread: float

    @classmethod
    def of(cls, leads: ArrayLike, hits: ArrayLike) -> "Arm":
        """From each account's number of leads and of hits."""
        sizes, held = np.asarray(leads, dtype=float), np.asarray(hits, dtype=float)
        share = held.sum() / sizes.sum() if sizes.size else 0.0
        spread = float(((held - share * sizes) ** 2).sum())
        return cls(int(sizes.sum()), int(held.sum()), sizes.size, spread)

    @classmethod
    def single(cls, leads: int, hits: int) -> "Arm":
        """Of leads that are accounts of their own."""
        return cls(leads, hits, leads, hits * (leads - hits) / leads if leads else 0.0)

    @property
    def share(self) -> float:
        """The share of the leads for which it held."""
        return self.hits / self.leads

    @property
    def variance(self) -> float:
        """Of one account's score, whose mean is the share: at least that of independent leads.

        An arm without a single hit, or with nothing but hits, counts half an account the other way.
        """
        each = self.leads / self.accounts
        smoothed = (self.hits / each + 0.5) / (self.accounts + 1)
        return max(self.spread / self.accounts / each**2, smoothed * (1 - smoothed) / each)


@dataclass(frozen=True)
class Pair:
    """A metric of the same leads in both arms: the leads, for how many it differs, their accounts, and the spread.

    The spread is the sum over accounts of the squared difference of (candidate's hits less those before) from what the
    account's leads and the change give; what both arms share cancels in it.
    """

    leads: int
    moved: int
    accounts: int
    spread: float

    @classmethod
    def of(cls, leads: ArrayLike, before: ArrayLike, candidate: ArrayLike, moved: ArrayLike) -> "Pair":
        """From each account's number of leads, of hits in either arm, and of leads for which the arms differ."""
        sizes, differing = np.asarray(leads, dtype=float), np.asarray(moved, dtype=float)
        more = np.asarray(candidate, dtype=float) - np.asarray(before, dtype=float)
        change = more.sum() / sizes.sum() if sizes.size else 0.0
        spread = float(((more - change * sizes) ** 2).sum())
        return cls(int(sizes.sum()), int(differing.sum()), sizes.size, spread)

    @property
    def variance(self) -> float:
        """Of one account's difference, whose mean is the change: at least that of leads that differ independently.

        Where no lead differs, or every one, half an account counts the other way.
        """
        each = self.leads / self.accounts
        smoothed = (self.moved / each + 0.5) / (self.accounts + 1)
        return max(self.spread / self.accounts / each**2, smoothed * (1 - smoothed) / each)


def half_width(
    size: int, deviation: float, alpha: float, *, one_sided: bool = False, tuned_to: int = TUNED_TO
) -> float:
    """The half-width of the confidence sequence after so many observations; right at all looks together with 1 - alpha.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
    sequences". Two-sided: deviation x sqrt(2(n rho^2 + 1) / (n^2 rho^2) x ln(sqrt(n rho^2 + 1) / alpha)); one-sided
    the logarithm is ln(1 + sqrt(n rho^2 + 1) / (2 alpha)).
    """
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuned_to
    grown = size * rho2 + 1
    bound = math.log(1 + math.sqrt(grown) / (2 * alpha)) if one_sided else math.log(math.sqrt(grown) / alpha)
    return deviation * math.sqrt(2 * grown / (size**2 * rho2) * bound)


def deviation_of(before: Arm, candidate: Arm) -> float:
    """Of the scores whose mean is the difference: the variance of each arm over its share of the accounts."""
    accounts = before.accounts + candidate.accounts
    return math.sqrt(sum(arm.variance / (arm.accounts / accounts) for arm in (before, candidate)))


def ratio_p(before: int, candidate: int, share: float) -> float:
    """The sequential p-value of the arms' sizes where each unit is the candidate's with probability `share`.

    One over a martingale that starts at 1: the likelihood of the sizes under a Beta prior around `share`, over that
    under `share` itself (Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022). By
    Ville's inequality it falls under alpha at any look ever with probability alpha at most.
    """
    a, b = CONCENTRATION * share, CONCENTRATION * (1 - share)
    grown = _log_beta(a + candidate, b + before) - _log_beta(a, b)
    return min(1.0, math.exp(-(grown - candidate * math.log(share) - before * math.log1p(-share))))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
