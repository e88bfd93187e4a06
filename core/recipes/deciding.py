"""By which policy a recipe decides, whom, and in which arm."""

from collections.abc import Mapping
from datetime import datetime
from threading import Event
from typing import Any

import polars as pl

from core.decisions import engine, spine
from core.decisions.arms import LIVE, SHADOW
from core.decisions.engine import DecisionBatch
from core.decisions.exposure import Exposure, Part, parts
from core.features.document import FeatureSet
from core.governance.history import active
from core.kernel.errors import LeadbenchError
from core.kernel.times import duration_us, to_text, utc
from core.kernel.workers import Progress
from core.models.model import Model
from core.monitoring.health import Health, judge
from core.policy import default, parser
from core.policy.document import Policy
from core.recipes.document import DecidePart, resolve
from core.recipes.errors import MomentAhead
from core.recipes.reader import RecipeFile
from core.recipes.rooms import Rooms

REGION = "region"


class PolicyFileMissing(LeadbenchError):
    """A recipe that names a policy file which is not there."""

    code = "file_missing"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"There is no policy at `{path}`.", value=path, remedy="Correct `policy:` in the recipe, or write default."
        )


def choose(rooms: Rooms, file: RecipeFile, model: Model, actor: str) -> Policy:
    """The recipe's policy file, kept as a draft; else the active policy; else the default, bootstrapped.

    Raises PolicyFileMissing and PolicyInvalid.
    """
    if file.recipe.policy != "default":
        return _from_file(rooms, file, actor)
    found = active(rooms.releases)
    if found is not None:
        return found.policy
    thresholds = default.thresholds_from(model.reference.probabilities)
    text = default.propose(thresholds=thresholds, fields=_fields(rooms))
    return rooms.releases.bootstrap(text, "default").version.policy


def would_decide_alike(rooms: Rooms, written: str, result: Mapping[str, Any]) -> bool:
    """Whether the recipe would decide by the model, by the policy and in the arm of an earlier result of it.

    Another model released, another policy published or an approval given since makes the same leads other decisions.
    """
    policy, decisions = result["policy"], result["decisions"]
    if decisions is None:
        return True
    model, trusted = decisions.get("model") or result["model"], rooms.models.trusted()
    if trusted and trusted.model_hash != model["hash"]:
        return False
    found = active(rooms.releases) if written == "default" else None
    if found and rooms.releases.rollouts.open(found.name):
        return False
    policy_hash = found.content_hash if found else policy["hash"]
    arm = rooms.model_releases.arm_for(model["hash"], policy_hash)
    return (policy_hash, arm) == (policy["hash"], decisions["arm"])


def _from_file(rooms: Rooms, file: RecipeFile, actor: str) -> Policy:
    path = resolve(file.folder, file.recipe.policy)
    if not path.is_file():
        raise PolicyFileMissing(path)
    text = path.read_text(encoding="utf-8")
    rooms.releases.draft(text, str(path), actor)
    return parser.load(text, str(path))


def _fields(rooms: Rooms) -> dict[str, list[str]]:
    """The values of the attributes that the default policy can route by."""
    wide = rooms.signals.attributes_wide()
    if REGION not in wide.columns or wide[REGION].dtype != pl.String:
        return {}
    return {REGION: sorted(wide[REGION].drop_nulls().unique().to_list())}


def nobody_is_open(rooms: Rooms, asked: DecidePart) -> bool:
    """Whether open leads are asked for and there are none, so that the test leads stand in for them."""
    return asked.leads == "open" and _population(rooms, asked, []).leads != "open"


def decide(
    rooms: Rooms,
    asked: DecidePart,
    feature_set: FeatureSet,
    model: Model,
    policy: Policy,
    test_leads: list[str],
    actor: str,
    progress: Progress | None = None,
    cancel: Event | None = None,
) -> tuple[DecisionBatch, str, str]:
    """Decide the asked leads; the batch, its arm, and which leads it was in the end; raises Cancelled."""
    whom = _population(rooms, asked, test_leads)
    arm = rooms.model_releases.arm_for(model.model_hash, policy.content_hash)
    policy, exposure = exposed(rooms, policy, arm)
    spread = parts(rooms.db, whom.spine, exposure) if exposure else [Part(policy, arm, None, whom.spine)]
    model_ok = health_of(rooms, model).ok
    batches = [
        engine.decide(
            rooms.db,
            part.spine,
            feature_set=feature_set,
            model=model,
            policy=part.policy,
            arm=part.arm,
            actor=actor,
            model_ok=model_ok,
            progress=progress,
            step=part.step,
            cancel=cancel,
        )
        for part in spread
    ]
    acted = [batch for batch, part in zip(batches, spread, strict=True) if part.arm != SHADOW]
    return engine.together(acted), arm, whom.leads


def exposed(rooms: Rooms, policy: Policy, arm: str) -> tuple[Policy, Exposure | None]:
    """The policy that decides, and how far a version on its way is let.

    While the active version is on its way, and the arm is a trial, the version before it decides everybody.
    """
    exposure = rooms.releases.rollouts.exposure(policy.name)
    if exposure is None or exposure.candidate.content_hash != policy.content_hash:
        return policy, None
    return (policy, exposure) if arm == LIVE else (exposure.before, None)


def health_of(rooms: Rooms, model: Model) -> Health:
    """Whether the registered model is in health now."""
    return judge(rooms.models.version(model.model_hash).metrics, rooms.drift.newest(model.model_hash))


def _population(rooms: Rooms, asked: DecidePart, test_leads: list[str]) -> spine.Population:
    """Who is decided, and when; raises MomentAhead."""
    moment, now = asked.as_of if isinstance(asked.as_of, datetime) else None, rooms.db.clock.now()
    if moment is not None and utc(moment) > utc(now):
        raise MomentAhead(to_text(moment), to_text(now))
    return spine.population(
        rooms.db,
        as_of=moment,
        leads=asked.leads,
        every_us=None if asked.every is None else duration_us(asked.every),
        last_us=None if asked.last is None else duration_us(asked.last),
        test_leads=test_leads,
    )
