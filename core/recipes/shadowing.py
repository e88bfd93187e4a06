"""The challenger beside the champion: scored on the same leads after each decide batch, and compared on them."""

from typing import Any

from core.decisions import shadowing
from core.decisions.store_shadow import ShadowStore
from core.kernel import telemetry
from core.kernel.database import Watch
from core.kernel.errors import LeadbenchError
from core.kernel.times import to_text, utc
from core.recipes.rooms import Rooms
from core.recipes.warnings import Caution

MOST_A_MINUTE = 1_000


def catch_up(rooms: Rooms, actor: str, most: int = MOST_A_MINUTE, watch: Watch | None = None) -> int:
    """Let the challenger score up to `most` of the champion's newest decisions that it has not; how many it scored."""
    return attempt(rooms, actor, most, watch)[0]


def attempt(rooms: Rooms, actor: str, most: int, watch: Watch | None = None) -> tuple[int, Caution | None]:
    """The same, with the warning of what the challenger is refused for: a damaged folder, an attribute sealed since.

    It is logged too, and keeps nobody from being decided.
    """
    try:
        return _score(rooms, actor, most, watch), None
    except LeadbenchError as refusal:
        telemetry.log("shadow.unscored", code=refusal.code)
        return 0, Caution("challenger_not_scored", f"The challenger has scored nothing: {refusal.message}")


def _score(rooms: Rooms, actor: str, most: int, watch: Watch | None) -> int:
    champion, challenger = rooms.models.champion(), rooms.models.challenger()
    if champion is None or challenger is None or challenger.feature_set_hash is None:
        return 0
    model = rooms.models.get(challenger.version)
    chosen, policies = rooms.features.get(challenger.feature_set_hash), rooms.loaders.policy
    return shadowing.score(rooms.db, champion.model_hash, model, chosen, policies, actor, most, watch)


def report(rooms: Rooms) -> dict[str, Any]:
    """champion, challenger (versions; null where there is none), waiting, and `shadowing.agreement`.

    Raises ModelDamaged where the challenger cannot score.
    """
    champion, challenger = rooms.models.champion(), rooms.models.challenger()
    told: dict[str, Any] = {
        "champion": None if champion is None else champion.version,
        "challenger": None,
        "waiting": 0,
    }
    hashes = ("", "")
    if champion is not None and challenger is not None:
        hashes = champion.model_hash, rooms.models.get(challenger.version).model_hash
        told |= {"challenger": challenger.version, "waiting": ShadowStore(rooms.db).count_waiting(*hashes)}
    pairs = ShadowStore(rooms.db).pairs(*hashes)
    decided_by = pairs["policy_hash"].value_counts(sort=True)["policy_hash"].to_list()
    order = rooms.policies.get(decided_by[0]).policy.document.bands.order if decided_by else ()
    found = shadowing.agreement(pairs, order)
    moments = {name: None if found[name] is None else to_text(utc(found[name])) for name in ("from", "to")}
    return told | found | moments
