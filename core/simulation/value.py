"""What a version would have been worth on the logged decisions, or why nobody can say."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from core.decisions.arms import DRAWS
from core.decisions.estimation import MIN_PROPENSITY, CannotSay, Estimate, Log, estimate
from core.decisions.population import PopulationStore
from core.decisions.standing import Courses, Inputs
from core.decisions.states import state_inputs
from core.decisions.touching import engine_counted
from core.kernel.database import Database
from core.policy import evaluator
from core.policy.arms import propensities
from core.policy.document import Policy
from core.policy.overlay import LIVE, overlay_of
from core.simulation.store_history import HistoryStore

WON, WINDOW = "won", timedelta(days=30)
"""The reward where the policy declares none: a win within so long."""
NONE = "none"
MOST_WORDS = 8
LEAST_MATURE = 200


def value(db: Database, policy: Policy, courses: Courses, seed: int) -> dict[str, Any]:
    """The version's value by the logged decisions: the reward, its window in days, and an estimate or a refusal.

    Of the leads that an experiment could draw for: what a trial decided was acted on by nobody, and who was held out
    had one action whatever the version.
    """
    name, window = reward_of(policy)
    told = {"reward": name, "window_days": window / timedelta(days=1)}
    return told | _estimated(db, policy, courses, seed, name, window).to_json()


def no_exploration(policy: Policy) -> dict[str, Any]:
    """What is said of a log in which no decision had more than one possible action, without looking further."""
    name, window = reward_of(policy)
    told = {"reward": name, "window_days": window / timedelta(days=1)}
    reason = "No recorded decision explored: nothing is known of what another action would have brought."
    return told | CannotSay("no_exploration", reason).to_json()


def reward_of(policy: Policy) -> tuple[str, timedelta]:
    """The reward that the policy's experiment names and its window; else a win within 30 days."""
    experiment = policy.document.experiment
    reward = experiment.reward if experiment else None
    return (reward.name, timedelta(minutes=reward.attribution_window_min)) if reward else (WON, WINDOW)


def _estimated(
    db: Database, policy: Policy, courses: Courses, seed: int, name: str, window: timedelta
) -> Estimate | CannotSay:
    rows = courses.rows.with_row_index("place").filter(pl.col("arm").is_in(DRAWS) & pl.col("moment").is_not_null())
    logged = [json.loads(text) for text in rows["propensities"]]
    if not any(logged):
        return CannotSay("no_propensities", "No decision was logged with the propensities of its actions.")
    history = HistoryStore(db)
    rewards = history.rewards(name)
    if rewards.is_empty():
        return CannotSay("no_reward", f"The store knows no outcome and no event `{name}`.")
    until = PopulationStore(db).latest_moment()
    mature = rows["moment"] + window <= until
    kept = rows.filter(mature)
    if kept.height < min(LEAST_MATURE, rows.height):
        reason = f"Only {kept.height:,} of {rows.height:,} decisions are old enough for the reward to be known."
        return CannotSay("immature_rewards", reason)
    if unlogged := _unlogged(policy, kept):
        return CannotSay("no_caps", f"The log does not tell `{unlogged}` of every decision, which the caps read.")
    wanted = _targets(policy, courses, kept)
    log = _log(policy, courses, kept, [one for one, old in zip(logged, mature, strict=True) if old], wanted)
    clusters = _clusters(kept["lead_id"].to_list(), history.accounts())
    exploration = policy.document.experiment.exploration if policy.document.experiment else None
    least = exploration.min_propensity if exploration else MIN_PROPENSITY
    return estimate(Log(*log, reward=_rewarded(kept, rewards, window), cluster=clusters), seed, least)


def _unlogged(policy: Policy, rows: pl.DataFrame) -> str | None:
    """What the policy's caps ask of the engine and some recorded decision does not tell: no cap would bind there."""
    told = rows["inputs"].str
    return next((name for name in engine_counted(policy) if told.json_path_match(f"$.{name}").null_count()), None)


def _targets(policy: Policy, courses: Courses, rows: pl.DataFrame) -> list[Mapping[str, float]]:
    """By action, what the version would do in each logged situation, its exploration included."""
    serving, overlay, seen = evaluator.compile(policy), overlay_of(policy), courses.seen_by(policy).inputs
    names = (*state_inputs(policy).names, *engine_counted(policy))
    found = []
    for place, text in rows.select("place", "inputs").iter_rows():
        recorded = json.loads(text)
        given = {**seen[place], **{name: recorded.get(name) for name in names}}
        found.append(propensities(overlay, *serving.decide_with_values(given), LIVE) or {NONE: 1.0})
    return found


def _log(
    policy: Policy,
    courses: Courses,
    rows: pl.DataFrame,
    logged: Sequence[Mapping[str, float]],
    wanted: Sequence[Mapping[str, float]],
) -> tuple[np.ndarray, ...]:
    """context, action, propensity and target; a decision without an action did `none`, for certain."""
    done = [action or NONE for action in rows["action"]]
    known = [shares or {action: 1.0} for shares, action in zip(logged, done, strict=True)]
    actions = sorted({*done, *(name for shares in (*known, *wanted) for name in shares)})
    place = {name: number for number, name in enumerate(actions)}
    action = np.array([place[name] for name in done])
    seen = courses.seen_by(policy).inputs
    context = _context([seen[row] for row in rows["place"]], rows["score"].to_numpy())
    return context, action, _matrix(known, place), _matrix(wanted, place)


def _matrix(shares: Sequence[Mapping[str, float]], place: Mapping[str, int]) -> np.ndarray:
    found = np.zeros((len(shares), len(place)))
    for row, one in enumerate(shares):
        for name, share in one.items():
            found[row, place[name]] = share
    return found


def _context(given: Sequence[Inputs], score: np.ndarray) -> np.ndarray:
    """The score, its square, and the policy's truth values and short lists of words, as columns of numbers."""
    columns = [score, score**2, *_flags(given)]
    return np.stack(columns, axis=1).astype(float)


def _flags(given: Sequence[Inputs]) -> Iterator[np.ndarray]:
    for name in given[0]:
        values = [one[name] for one in given]
        words = sorted({value for value in values if isinstance(value, bool | str)}, key=str)
        if 1 < len(words) <= MOST_WORDS:
            yield from (np.array([value == word for value in values], dtype=float) for word in words[1:])


def _rewarded(rows: pl.DataFrame, rewards: pl.DataFrame, window: timedelta) -> np.ndarray:
    """1 where the reward came after the decision and within the window, else 0; in the order of the rows."""
    asked = rows.select("lead_id", "moment", "place").sort("moment")
    following = asked.join_asof(
        rewards.sort("at"),
        left_on="moment",
        right_on="at",
        by="lead_id",
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    came = (pl.col("at") <= pl.col("moment") + window).fill_null(False)
    return following.with_columns(came.alias("came")).sort("place")["came"].to_numpy().astype(float)


def _clusters(lead_ids: Sequence[str], accounts: Mapping[str, str]) -> np.ndarray:
    """A number an account; a lead of none is its own."""
    names = [f"account {accounts[one]}" if one in accounts else f"lead {one}" for one in lead_ids]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names])
