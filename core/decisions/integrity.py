"""Whether stored decisions are what was written: their hashes, their columns, their place in the ledger."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from core.decisions import record as records
from core.decisions.encoding import encode
from core.decisions.store import DecisionStore, Stored
from core.kernel.ledger import merkle_root
from core.kernel.times import from_text, naive, to_text

PLAIN = (
    "lead_id", "arm", "score", "percentile", "fit", "engagement", "disposition", "band", "priority", "prev_state",
    "next_state", "pool", "assignee", "sla_min", "action", "model_hash", "policy_hash", "feature_set_hash", "hash",
)  # fmt: skip
TIMES = ("as_of", "known_at", "decided_at")
AS_JSON = ("reasons", "points")
Found = tuple[str, str, Any, Any]


class Integrity:
    """Compares stored decisions with their own hashes, their columns and the ledger's Merkle roots."""

    def __init__(self, store: DecisionStore) -> None:
        self._store = store
        self._roots: dict[int, tuple[str | None, str]] = {}
        self._retired: dict[int | None, tuple[dict[str, Any] | None, dict[str, Any]]] = {}

    def differences(self, part: Sequence[Stored]) -> list[Found]:
        """(decision_id, field, stored, replayed) of everything that does not hold."""
        columns = {row["decision_id"]: row for row in self._columns(part)}
        return [found for stored in part for found in self._of(stored, columns)]

    def gone(self, decision_id: str, entry_seq: int, retired_seq: int | None) -> list[Found]:
        """The same of a decision of which only the leaf is left: its batch's root, and the certificate of its going."""
        if retired_seq not in self._retired:
            self._retired[retired_seq] = self._store.retired(retired_seq)
        told = (("merkle_root", *self._root(entry_seq)), ("certificate", *self._retired[retired_seq]))
        return [(decision_id, name, recorded, found) for name, recorded, found in told if recorded != found]

    def _columns(self, part: Sequence[Stored]) -> Iterator[dict[str, Any]]:
        ids = [stored.decision_id for stored in part]
        return self._store.columns(ids).iter_rows(named=True)

    def _of(self, stored: Stored, columns: dict[str, dict[str, Any]]) -> Iterator[Found]:
        content = records.parse(stored.text)
        computed = records.record_hash(content)
        if computed != content["hash"]:
            yield stored.decision_id, "hash", content["hash"], computed
        for name, value in _as_columns(content).items():
            told = columns[stored.decision_id][name]
            if told != value:
                yield stored.decision_id, f"columns.{name}", _plain(told), _plain(value)
        recorded, found = self._root(stored.entry_seq)
        if recorded != found:
            yield stored.decision_id, "merkle_root", recorded, found

    def _root(self, entry_seq: int) -> tuple[str | None, str]:
        """The batch's root as the ledger has it, and as the stored records give it."""
        if entry_seq not in self._roots:
            hashes = [records.leaf(text) for text in self._store.leaves(entry_seq)]
            self._roots[entry_seq] = self._store.told(entry_seq).get("merkle_root"), merkle_root(hashes)
        return self._roots[entry_seq]


def _as_columns(content: dict[str, Any]) -> dict[str, Any]:
    times = {name: _moment(content[name]) for name in TIMES}
    return {name: content[name] for name in PLAIN} | times | {name: encode(content[name]) for name in AS_JSON}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else naive(from_text(text))


def _plain(value: Any) -> Any:
    return to_text(value) if isinstance(value, datetime) else value
