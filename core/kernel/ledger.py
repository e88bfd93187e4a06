"""The ledger: one hash chain over every change of the store."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.kernel.canonical import canonical, digest
from core.kernel.times import to_text

STREAMS = ("signals", "features", "models", "policy", "decisions", "governance")
GENESIS = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Entry:
    """One change: `body` is canonical JSON text; `hash` covers all other fields, the previous hash included."""

    seq: int
    stream: str
    kind: str
    at: str
    actor: str
    body: str
    prev: str
    hash: str

    @property
    def expected_hash(self) -> str:
        """The hash that the entry's other fields give."""
        return _chain(self.seq, self.stream, self.kind, self.at, self.actor, self.body, self.prev)


@dataclass(frozen=True)
class Verification:
    """Whether the chain holds; `first_broken` names the first entry that does not and why."""

    ok: bool
    entries: int
    head: str
    first_broken: dict[str, object] | None
    high_water: str


def seal(seq: int, stream: str, kind: str, at: datetime, actor: str, body: object, prev: str) -> Entry:
    """The next entry of the chain; raises ValueError for an unknown stream."""
    if stream not in STREAMS:
        raise ValueError(f"`{stream}` is not a stream of the ledger")
    text, moment = canonical(body).decode(), to_text(at)
    return Entry(seq, stream, kind, moment, actor, text, prev, _chain(seq, stream, kind, moment, actor, text, prev))


def _chain(seq: int, stream: str, kind: str, at: str, actor: str, body: str, prev: str) -> str:
    return digest([seq, stream, kind, at, actor, body, prev])


def first_broken(entries: Iterable[Entry]) -> dict[str, object] | None:
    """The first entry out of order, unlinked or altered, as {seq, reason}; None where the chain holds."""
    prev, expected = GENESIS, 1
    for entry in entries:
        reason = _fault(entry, expected, prev)
        if reason:
            return {"seq": expected, "reason": reason}
        prev, expected = entry.hash, expected + 1
    return None


def _fault(entry: Entry, expected: int, prev: str) -> str | None:
    if entry.seq != expected:
        return f"entry {expected} is missing; entry {entry.seq} stands in its place"
    if entry.prev != prev:
        return "its link to the entry before does not match"
    if entry.hash != entry.expected_hash:
        return "its content does not match its hash"
    return None


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Root of the RFC 6962 tree over the leaves' bytes, as `sha256:<hex>`."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    if not level:
        return "sha256:" + hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        paired = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(level) - len(level) % 2 :]
    return "sha256:" + level[0].hex()
