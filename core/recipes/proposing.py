"""Whether a challenger should be trained now, from what the store knows of its champion; nothing is written."""

from datetime import timedelta
from typing import Any

from core.models.errors import ModelDamaged
from core.models.store import ModelVersion
from core.monitoring.proposals import Facts, Limits, proposals
from core.recipes.errors import NothingTrained
from core.recipes.rooms import Rooms
from core.recipes.rows import Prepared

PARTS = ("train", "calibration", "test")


def propose(rooms: Rooms, prepared: Prepared, oldest_days: float | None = None) -> dict[str, Any]:
    """champion, challenger, proposed, action (null: nothing is due) and the triggers; raises NothingTrained.

    prepared: the rows of the champion's recipe as they are now.
    """
    champion, challenger = rooms.models.champion(), rooms.models.challenger()
    if champion is None:
        raise NothingTrained("models proposals")
    limits = Limits() if oldest_days is None else Limits(oldest=timedelta(days=oldest_days))
    found = proposals(_facts(rooms, champion, prepared), limits)
    is_proposed, waits = any(one.is_due for one in found), None if challenger is None else challenger.version
    return {
        "champion": champion.version,
        "challenger": waits,
        "proposed": is_proposed,
        "action": _action(champion.version, waits) if is_proposed else None,
        "triggers": [one.to_json() for one in found],
    }


def _action(champion: str, challenger: str | None) -> str:
    if challenger is None:
        return "Train a challenger: `leadbench train`. A second person releases it."
    return (
        f"Model {challenger} was trained since: look at `leadbench models compare {challenger} {champion}` and at "
        "`leadbench models shadow` before another is trained. A second person releases it."
    )


def _facts(rooms: Rooms, champion: ModelVersion, prepared: Prepared) -> Facts:
    try:
        counts = rooms.models.get(champion.version).facts.get("rows") or {}
    except ModelDamaged:
        counts = {}
    now = prepared.counts()
    return Facts(
        rooms.db.clock.now(),
        champion.registered_at,
        sum(counts.get(part, 0) for part in PARTS) or None,
        sum(now[part] for part in PARTS),
        rooms.drift.newest(champion.model_hash),
        rooms.performance.newest(champion.model_hash),
    )
