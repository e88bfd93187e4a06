"""Erasing one person: the keys of their personal values are shredded, and what holds something of them is told.

What was sealed is then opened by nobody; decisions, events and the ledger stay as they are under the lead's id, so
every proof still holds. The ledger entry is the tombstone.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.governance import store_erasure as store
from core.governance.permissions import Permission
from core.governance.users import Users
from core.kernel.canonical import canonical
from core.kernel.database import Database
from core.kernel.errors import ReasonMissing
from core.kernel.times import naive, to_text
from core.signals.errors import UnknownLead
from core.signals.personal import EMAIL
from core.signals.store_batches import NOBODY

ERASED = "person.erased"
FILES = "outbox*.jsonl"


@dataclass(frozen=True)
class Erased:
    """What an erasure did: the person's ids as they may be shown, how many keys and texts went, and by sink what stays.

    `is_id_personal` says that an id is itself an address, which stays wherever the id stands.
    """

    ids: list[str]
    request_id: str
    erased_at: str
    keys: int
    texts: int
    is_id_personal: bool
    sinks: list[dict[str, Any]]


def erase(db: Database, lead_id: str, request_id: str, actor: str, users: Users) -> Erased:
    """Shred the keys of every id of the lead, once for all; raises Forbidden, ReasonMissing and UnknownLead.

    The id under whose key the records of nobody known lie is nobody's. What is dated up to now is not taken in again.
    """
    if not request_id.strip():
        raise ReasonMissing("erase")
    with db.change("signals", ERASED, actor) as change:
        users.require(actor, Permission.ERASE, change)
        found = store.person(change, lead_id)
        if found.is_empty() or NOBODY in found["lead_id"]:
            raise UnknownLead(lead_id)
        keys, texts = change.shred(found["lead_id"].to_list()), store.blank_texts(change)
        at = db.clock.now()
        store.remember(change, naive(at))
        told = {"ids": found["shown_id"].to_list(), "request_id": request_id.strip()}
        change.body.update(told, keys=keys, texts=texts)
        sinks = store.sinks(change)
    ids = {*found["lead_id"], *found["shown_id"]}
    lines = sum(_lines(path, ids) for path in db.directory.glob(FILES))
    sinks.append({"sink": "lines of outbox files", "rows": lines, "state": store.STAYS})
    is_personal = any(EMAIL.match(one) for one in found["lead_id"])
    return Erased(**told, erased_at=to_text(at), keys=keys, texts=texts, is_id_personal=is_personal, sinks=sinks)


def _lines(path: Path, ids: Iterable[str]) -> int:
    """How many lines of the file name one of the ids; none where deliveries took the file away meanwhile."""
    wanted = [canonical(one) for one in ids]
    with suppress(FileNotFoundError), path.open("rb") as stream:
        return sum(any(one in line for one in wanted) for line in stream)
    return 0
