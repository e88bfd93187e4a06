"""Single figures of predicted probabilities against what happened; arrays are rows, y is 0/1."""

import numpy as np

from core.models.encoding import Floats

ECE_BINS = 10
SMALLEST = 1e-15


def average_precision(y: Floats, p: Floats) -> float:
    """Area under the precision-recall curve as average precision, equal probabilities taken together."""
    hits, rows = cumulated(y, p)
    gained = np.diff(hits, prepend=0.0)
    return float((gained * hits / rows).sum() / max(y.sum(), 1.0))


def lift_at(y: Floats, p: Floats, share: float) -> float:
    """Positive rate of the top share of rows over the rate of all; a tie at the edge counts in part."""
    hits, rows = cumulated(y, p)
    top = share * len(y)
    found = float(np.interp(top, np.concatenate([[0.0], rows]), np.concatenate([[0.0], hits])))
    return found / top / float(y.mean())


def cumulated(y: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Positives and rows down to each distinct probability, from the highest."""
    values, place = np.unique(-p, return_inverse=True)
    hits = np.bincount(place, weights=y, minlength=len(values))
    rows = np.bincount(place, minlength=len(values)).astype(np.float64)
    return np.cumsum(hits, dtype=np.float64), np.cumsum(rows, dtype=np.float64)


def brier(y: Floats, p: Floats, weight: Floats | None = None) -> float:
    """Mean squared difference (G. Brier, 1950); rows count their weight, else 1."""
    return float(np.average(np.square(p - y), weights=weight))


def log_loss(y: Floats, p: Floats) -> float:
    """Mean negative log-likelihood in nats."""
    safe = np.clip(p, SMALLEST, 1 - SMALLEST)
    return float(-(y * np.log(safe) + (1 - y) * np.log1p(-safe)).mean())


def equal_bins(p: Floats, bins: int) -> list[np.ndarray]:
    """Row numbers by rising probability in bins of equal size; fewer bins where there are fewer rows."""
    return [part for part in np.array_split(np.argsort(p, kind="stable"), bins) if len(part)]


def calibration_error(y: Floats, p: Floats, weight: Floats | None = None) -> float:
    """Expected calibration error over ten bins of equal size (M. Naeini et al., 2015); rows count by weight if any."""
    said, came = (p, y) if weight is None else (weight * p, weight * y)
    gaps = [abs(float(said[part].sum() - came[part].sum())) for part in equal_bins(p, ECE_BINS)]
    return sum(gaps) / (len(y) if weight is None else float(weight.sum()))


def calibration_noise(y: Floats, weight: Floats | None = None) -> float:
    """The calibration error that a perfectly calibrated model shows by chance on this many rows, roughly.

    Weighted rows count as their effective sample.
    """
    weight = np.ones(len(y)) if weight is None else weight
    total = float(weight.sum())
    rate, rows = float((weight * y).sum()) / total, total**2 / float((weight**2).sum())
    return float(np.sqrt(2 / np.pi) * np.sqrt(rate * (1 - rate) * ECE_BINS / rows))


def auc_interval(y: Floats, p: Floats, cluster: np.ndarray, seed: int, rounds: int) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the AUC; whole clusters (leads) are drawn, rows of a lead stay together.

    A. Davison, D. Hinkley, Bootstrap Methods and their Application (1997); NaN where no draw has both classes.
    """
    _, owner = np.unique(cluster, return_inverse=True)
    leads = int(owner.max()) + 1
    chance = np.random.default_rng(seed)
    order = np.argsort(p, kind="stable")
    starts = np.flatnonzero(np.diff(p[order], prepend=np.nan) != 0)
    positive, owner = y[order], owner[order]
    drawn = []
    for _ in range(rounds):
        weight = np.bincount(chance.integers(0, leads, leads), minlength=leads)[owner]
        drawn.append(weighted_auc(weight * positive, weight * (1 - positive), starts))
    found = np.array(drawn)[np.isfinite(drawn)]
    if not len(found):
        return float("nan"), float("nan")
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def weighted_auc(positive: Floats, negative: Floats, starts: np.ndarray) -> float:
    """AUC of rows in rising order of score, each positive and negative with these weights; ties count half.

    starts: where each distinct score begins. NaN where a class has no weight.
    """
    wins, losses = np.add.reduceat(positive, starts), np.add.reduceat(negative, starts)
    pairs = float(wins.sum() * losses.sum())
    below = np.cumsum(losses) - losses
    return float((wins * (below + losses / 2)).sum()) / pairs if pairs else float("nan")
