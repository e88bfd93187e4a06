"""The object that `leadbench run --json` prints; absent parts are null, never invented."""

from collections.abc import Sequence
from typing import Any

from core.decisions.engine import DecisionBatch
from core.policy.store import StoredVersion
from core.recipes.warnings import Caution
from core.signals.imports import Import

EMPTY: dict[str, Any] = {
    "rows": None,
    "suspected_leaks": None,
    "features": None,
    "model": None,
    "metrics": None,
    "baselines": None,
    "policy": None,
    "decisions": None,
    "drift": None,
}
SOURCE_KEYS = ("path", "kind", "read", "accepted", "duplicate", "quarantined")


def source_json(result: Import) -> dict[str, Any]:
    """One source's numbers; unmatched and open records of an outcome file stand beside the common ones."""
    shown = {key: getattr(result, key) for key in SOURCE_KEYS}
    return shown | {key: getattr(result, key) for key in ("unmatched", "open", "merged") if getattr(result, key)}


def decisions_json(batch: DecisionBatch, arm: str, leads: str) -> dict[str, Any]:
    """The counts of a decide step."""
    return {
        "count": batch.count,
        "added": batch.added,
        "duplicate": batch.duplicate,
        "arm": arm,
        "leads": leads,
        "dispositions": batch.dispositions,
        "bands": batch.bands,
        "pools": batch.pools,
        "actions": batch.actions,
    }


def policy_json(version: StoredVersion) -> dict[str, Any]:
    """The policy that decided."""
    return {
        "name": version.name,
        "version": version.version,
        "hash": version.content_hash,
        "state": version.state.value,
    }


def unchanged(result: dict[str, Any], imports: Sequence[Import], head: str) -> dict[str, Any]:
    """An earlier result as a repeated run tells it: nothing was added, every record is a duplicate."""
    return result | {"unchanged": True, "ledger_head": head, "sources": [source_json(one) for one in imports]}


def warnings_json(cautions: Sequence[Any]) -> list[dict[str, str]]:
    """Warnings of any room, once each, in the order in which they came."""
    found = {(one.code, one.message): None for one in cautions if one is not None}
    return [Caution(code, message).to_json() for code, message in found]
