"""The challenger beside the champion: scored on the same leads after each decide batch, and compared on them."""

from typing import Any

from core.decisions import shadowing
from core.decisions.store_shadow import ShadowStore
from core.kernel.times import to_text, utc
from core.models.errors import ModelDamaged
from core.recipes.rooms import Rooms

MOST_A_MINUTE = 1_000
MOST_A_BATCH = 1_000_000


def catch_up(rooms: Rooms, actor: str, most: int = MOST_A_BATCH) -> int:
    """Let the challenger score the champion's newest decisions that it has not; how many it scored.

    A damaged challenger scores nothing, and keeps nobody from being decided.
    """
    champion, challenger = rooms.models.champion(), rooms.models.challenger()
    if champion is None or challenger is None or challenger.feature_set_hash is None:
        return 0
    try:
        model = rooms.models.get(challenger.version)
    except ModelDamaged:
        return 0
    chosen, policies = rooms.features.get(challenger.feature_set_hash), rooms.loaders.policy
    return shadowing.score(rooms.db, champion.model_hash, model, chosen, policies, actor, most)


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
