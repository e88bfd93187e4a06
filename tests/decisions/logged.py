"""Synthetic logs of five actions with a known truth: epsilon-greedy logging, a nonlinear reward, accounts of leads."""

import numpy as np

from core.decisions.estimation import Log

ACTIONS = 5


def _chances(x, action):
    """The true reward's probability of an action: no linear model fits it."""
    return 1 / (1 + np.exp(2.2 - np.sin(2 * x[:, 0] + action) - 0.5 * x[:, 1] ** 2 * (action % 2)))


def _greedy(x, tilt):
    return np.argmax(np.stack([np.sin(x[:, 0] * tilt + a) + 0.3 * x[:, 1] * (a - 2) for a in range(ACTIONS)]), axis=0)


def _epsilon_greedy(greedy, epsilon):
    found = np.full((len(greedy), ACTIONS), epsilon / ACTIONS)
    found[np.arange(len(greedy)), greedy] += 1 - epsilon
    return found


def draw(rng, accounts, epsilon=0.1, size=3, tilt=1.5):
    """A log of `accounts` times `size` decisions, and the target policy's true value in this population."""
    of_account = rng.normal(0, 0.6, (accounts, 2))
    cluster = np.repeat(np.arange(accounts), size)
    context = of_account[cluster] + rng.normal(0, 1, (len(cluster), 2))
    propensity = _epsilon_greedy(_greedy(context, 1.0), epsilon)
    target = _epsilon_greedy(_greedy(context, tilt), 0.0)
    action = (propensity.cumsum(axis=1) > rng.random((len(cluster), 1))).argmax(axis=1)
    chance = np.stack([_chances(context, a) for a in range(ACTIONS)], axis=1)
    shared = rng.random(accounts)[cluster]
    own = rng.random(len(cluster))
    mixed = np.where(rng.random(len(cluster)) < 0.2, shared, own)
    reward = (mixed < chance[np.arange(len(cluster)), action]).astype(float)
    return Log(context, action, propensity, target, reward, cluster)


def truth(seed=1, accounts=200_000, tilt=1.5):
    """The target policy's value in the whole population."""
    rng = np.random.default_rng(seed)
    context = rng.normal(0, 0.6, (accounts, 2)) + rng.normal(0, 1, (accounts, 2))
    chosen = _greedy(context, tilt)
    chance = np.stack([_chances(context, a) for a in range(ACTIONS)], axis=1)
    return float(chance[np.arange(accounts), chosen].mean())
