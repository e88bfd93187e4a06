"""What a policy would have been worth, from decisions that were made by another: off-policy estimation.

Headline: the doubly robust estimator (Dudik, Langford, Li 2011) with an outcome model fitted across folds of accounts
and a bootstrap over accounts, no narrower than the logged propensities let it be; beside it optimistic shrinkage
(DR-os; Su et al. 2020) and the self-normalised weights (SNIPS; Swaminathan and Joachims 2015). Where the log cannot
carry an answer there is none.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

LEAST_ESS = 200
MOST_WEIGHT = 50.0
MOST_UNSUPPORTED = 0.01
MIN_PROPENSITY = 0.02
FOLDS = 5
RESAMPLES = 1_000
SHRINKAGE = 100.0
RIDGE = 1.0
LEAST_ROWS = 20
"""An action with fewer rows in a fold's training part is predicted by the model of all actions."""
TAIL, NORMAL = 2.5, 1.959964
TOLERANCE = 1e-9
PLACES = 6
Floats = np.ndarray


@dataclass(frozen=True)
class Log:
    """Decisions whose reward is known, n rows and k actions.

    context (n, d); action (n,) places of actions; propensity and target (n, k): how likely each action was as logged,
    and is under the policy in question; reward (n,); cluster (n,) numbers of accounts from 0.
    """

    context: Floats
    action: Floats
    propensity: Floats
    target: Floats
    reward: Floats
    cluster: Floats

    @property
    def rows(self) -> int:
        """The number of decisions."""
        return len(self.action)

    @property
    def weights(self) -> Floats:
        """How much likelier the logged action is under the policy in question; infinite where it was impossible."""
        place = np.arange(self.rows)
        logged, wanted = self.propensity[place, self.action], self.target[place, self.action]
        return np.divide(wanted, logged, out=np.where(wanted > 0, np.inf, 0.0), where=logged > 0)


@dataclass(frozen=True)
class Support:
    """How well the log covers the policy: effective sample size, largest weight, share of what it would do unseen."""

    decisions: int
    accounts: int
    ess: float
    max_weight: float
    unsupported: float


@dataclass(frozen=True)
class Value:
    """A mean reward a decision with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """The policy's value by DR, its difference to what was logged, and the second opinions."""

    support: Support
    dr: Value
    difference: Value
    dr_os: float
    snips: float
    logged: float

    def to_json(self) -> dict[str, Any]:
        """The figures as a simulation prints them."""
        named = {name: vars(getattr(self, name)) for name in ("support", "dr", "difference")}
        return {"state": "estimated", **named, "dr_os": self.dr_os, "snips": self.snips, "logged": self.logged}


@dataclass(frozen=True)
class CannotSay:
    """Why the log carries no answer: a code, a sentence, and what was seen of its support (None: nothing at all)."""

    code: str
    reason: str
    support: Support | None = None

    def to_json(self) -> dict[str, Any]:
        """The refusal as a simulation prints it."""
        seen = vars(self.support) if self.support else None
        return {"state": "cannot_say", "code": self.code, "reason": self.reason, "support": seen}


def estimate(log: Log, seed: int, min_propensity: float = MIN_PROPENSITY) -> Estimate | CannotSay:
    """The value of the target policy on the log, or why it cannot be said.

    Refused: no decision at all, more than 1 % of what the policy would do with a logged propensity below
    `min_propensity`, a weight above 50, an effective sample below 200.
    """
    if not log.rows:
        return CannotSay("no_decisions", "No logged decision has a known reward.")
    support = _support(log, min_propensity)
    refusal = _refused(log, support)
    if refusal is not None:
        return replace(refusal, support=support)
    weights, rng = log.weights, np.random.default_rng(seed)
    predicted = _predicted(log, rng)
    direct, logged = (log.target * predicted).sum(axis=1), predicted[np.arange(log.rows), log.action]
    residual = log.reward - logged
    shrunk = SHRINKAGE * weights / (weights**2 + SHRINKAGE)
    scores, square = direct + weights * residual, _mean_square_weight(log)
    least = [_least_error(log, *part, residual) for part in ((direct, square), (direct - logged, square - 1))]
    return Estimate(
        support=support,
        dr=_bootstrapped(scores, log.cluster, rng, least[0]),
        difference=_bootstrapped(scores - log.reward, log.cluster, rng, least[1]),
        dr_os=round(float(np.mean(direct + shrunk * residual)), PLACES),
        snips=round(float(weights @ log.reward / weights.sum()), PLACES),
        logged=round(float(np.mean(log.reward)), PLACES),
    )


def _support(log: Log, min_propensity: float) -> Support:
    """What the log covers; an unbounded weight counts as the largest float."""
    weights = np.minimum(log.weights, np.finfo(float).max ** 0.25)
    square = float((weights**2).sum())
    ess = float(weights.sum()) ** 2 / square if square else 0.0
    unseen = np.where(log.propensity < min_propensity - TOLERANCE, log.target, 0.0).sum()
    accounts = len(np.unique(log.cluster))
    most = float(min(weights.max(), 1e9))
    return Support(log.rows, accounts, round(ess, 1), round(most, 4), round(float(unseen) / log.rows, PLACES))


def _refused(log: Log, support: Support) -> CannotSay | None:
    if support.unsupported > MOST_UNSUPPORTED:
        never = bool((log.propensity.max(axis=1) >= 1.0).all())
        share = f"{support.unsupported:.1%} of what the policy would do"
        if never:
            return CannotSay("no_exploration", f"The log never explores, and {share} was never done there.")
        return CannotSay("no_support", f"{share} was hardly ever done by the log (at most 1 % may be).")
    if support.max_weight > MOST_WEIGHT + TOLERANCE:
        return CannotSay("large_weight", f"One decision would count {support.max_weight:,.0f} times (at most 50).")
    if support.ess < LEAST_ESS:
        return CannotSay("small_sample", f"The log is worth {support.ess:,.0f} decisions for it (at least 200).")
    return None


def _predicted(log: Log, rng: np.random.Generator) -> Floats:
    """The reward of each row under each action (n, k), by models that have not seen the row's account."""
    accounts = int(log.cluster.max()) + 1
    fold = rng.permutation(accounts)[log.cluster] % min(FOLDS, accounts)
    design = _design(log.context)
    found = np.empty(log.propensity.shape)
    for number in range(int(fold.max()) + 1):
        test = fold == number
        train = ~test if (~test).any() else test
        found[test] = _fitted(design, log, train, test)
    return found


def _design(context: Floats) -> Floats:
    """The context in units of its spread, with a constant."""
    spread = context.std(axis=0)
    scaled = (context - context.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.hstack([np.ones((len(context), 1)), scaled])


def _fitted(design: Floats, log: Log, train: Floats, test: Floats) -> Floats:
    pooled = design[test] @ _ridge(design[train], log.reward[train])
    found = np.repeat(pooled[:, None], log.propensity.shape[1], axis=1)
    for action in range(log.propensity.shape[1]):
        mine = train & (log.action == action)
        if mine.sum() >= LEAST_ROWS:
            found[:, action] = design[test] @ _ridge(design[mine], log.reward[mine])
    return found


def _ridge(design: Floats, reward: Floats) -> Floats:
    """Coefficients of a linear model, its constant left unpenalised."""
    penalty = np.eye(design.shape[1]) * RIDGE
    penalty[0, 0] = 1e-9
    return np.linalg.solve(design.T @ design + penalty, design.T @ reward)


def _mean_square_weight(log: Log) -> float:
    """The mean over decisions of the squared weight that the draw of an action was to give, known before it."""
    seen = log.propensity > 0
    return float(np.divide(log.target**2, log.propensity, out=np.zeros(seen.shape), where=seen).sum(axis=1).mean())


def _least_error(log: Log, direct: Floats, square: float, residual: Floats) -> float:
    """The standard error that the estimate has at least, whichever actions happened to be drawn.

    Of a mean of `direct` plus a weight times the residual: the first part by accounts, the second from the propensities
    of all decisions, with the mean squared residual under the target. A bootstrap only draws again from the few heavy
    weights that came, and where too few came, the interval is too narrow and the estimate beside the point.
    """
    spread = float(log.weights @ residual**2 / log.weights.sum())
    sums, sizes = _by_account(direct, log.cluster)
    apart = sums - sums.sum() / sizes.sum() * sizes
    drawn = max(square, 0.0) * spread / log.rows
    return float(np.sqrt((apart**2).sum() / sizes.sum() ** 2 + drawn))


def _by_account(scores: Floats, cluster: Floats) -> tuple[Floats, Floats]:
    """Each account's sum of the scores, and its number of decisions."""
    accounts = int(cluster.max()) + 1
    sums, sizes = np.bincount(cluster, scores, accounts), np.bincount(cluster, minlength=accounts)
    return sums[sizes > 0], sizes[sizes > 0]


def _bootstrapped(scores: Floats, cluster: Floats, rng: np.random.Generator, least: float) -> Value:
    """The mean and its percentile interval over resampled accounts, each with all of its decisions; never narrower than
    the error that it has at least gives.
    """
    sums, sizes = _by_account(scores, cluster)
    shares = np.full(len(sums), 1 / len(sums))
    means = [_mean(rng.multinomial(len(sums), shares), sums, sizes) for _ in range(RESAMPLES)]
    low, high = np.percentile(means, [TAIL, 100 - TAIL])
    value, width = scores.mean(), NORMAL * least
    return Value(*(round(float(one), PLACES) for one in (value, min(low, value - width), max(high, value + width))))


def _mean(drawn: Floats, sums: Floats, sizes: Floats) -> float:
    return float(drawn @ sums / (drawn @ sizes))
