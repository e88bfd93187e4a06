"""The decision record: the one stored shape of a decision, its id and its hash."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any

from core.decisions.encoding import LARGEST_EXACT, encode
from core.kernel.canonical import digest
from core.kernel.times import to_text

OUTSIDE_HASH = ("stage_us", "trace_id", "hash")
ID_BYTES = 16
NOTHING: Mapping[str, str] = MappingProxyType({})
Vector = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A decision with everything that is needed to execute it again.

    Times are text (UTC, Z); score is the probability at 4 places; base and points are probability points; points and
    features are in order; inputs are what the policy saw; stage_us are microseconds by stage.
    """

    decision_id: str
    lead_id: str
    trigger_event_id: str | None
    as_of: str | None
    known_at: str | None
    decided_at: str
    arm: str
    bucket: int | None
    step: str | None
    explored: bool
    engine_version: str
    feature_set_hash: str
    features: Vector
    model_hash: str
    margin: float
    score: float
    percentile: float | None
    base: float
    points: Vector
    fit: float
    engagement: float
    policy_hash: str
    inputs: Mapping[str, Any]
    disposition: str
    band: str | None
    priority: int | None
    prev_state: str | None
    next_state: str | None
    pool: str | None
    assignee: str | None
    sla_min: int | None
    action: str | None
    reasons: tuple[Mapping[str, Any], ...]
    errors: tuple[Mapping[str, Any], ...]
    propensities: Mapping[str, float]
    evidence_tier: int | None
    stale_features: tuple[str, ...]
    stage_us: Mapping[str, int]
    trace_id: str | None
    hash: str

    def to_json(self) -> dict[str, Any]:
        """The record in JSON's types, in the contract's order."""
        return {name: getattr(self, name) for name in NAMES}


NAMES = tuple(field.name for field in fields(Record))
IN_ORDER = tuple(sorted(NAMES))
HASHED = tuple(name for name in IN_ORDER if name not in OUTSIDE_HASH)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record's canonical JSON with its hash: what is stored; `content` are the fields that are the row's own."""

    text: str
    hash: str
    content: Mapping[str, Any]
    parts: Mapping[str, str]


def seal(content: Mapping[str, Any], encoded: Mapping[str, str] = NOTHING) -> Sealed:
    """The stored form of a record's fields, some of them encoded already; `hash` is computed here."""
    parts = {**encoded, **{name: encode(value) for name, value in content.items() if name != "hash"}}
    record_hash = digest(_object(parts, HASHED).encode())
    parts["hash"] = f'"{record_hash}"'
    return Sealed(_object(parts, IN_ORDER), record_hash, content, parts)


def record_hash(content: Mapping[str, Any]) -> str:
    """`sha256:` over the canonical JSON of the record without stage_us, trace_id and hash."""
    return digest(_object({name: encode(content[name]) for name in HASHED}, HASHED).encode())


def leaf(hash_text: str) -> bytes:
    """A record's leaf in its batch's Merkle tree: the ASCII text of its hash."""
    return hash_text.encode()


def parse(text: str) -> dict[str, Any]:
    """The JSON object of a stored record; whole numbers beyond 2^53 come back as the floats that they were."""
    return json.loads(text, parse_int=_parsed_int)


def _parsed_int(text: str) -> int | float:
    value = int(text)
    return value if abs(value) < LARGEST_EXACT else float(text)


def read(text: str) -> Record:
    """The record of its stored text."""
    content = parse(text)
    given = {**content, "features": _pairs(content["features"]), "points": _pairs(content["points"])}
    listed = {name: tuple(given[name]) for name in ("reasons", "errors", "stale_features")}
    return Record(**{**given, **listed})


def decision_id(
    lead_id: str,
    as_of: str | None,
    known_at: str | None,
    arm: str,
    hashes: tuple[str, str, str],
    trigger: str | None = None,
) -> str:
    """`d_` and 128 bits of SHA-256 in base32; hashes: feature set, model, policy."""
    hashed = hashlib.sha256(encode([lead_id, as_of, known_at, arm, *hashes, trigger]).encode()).digest()
    return "d_" + base64.b32encode(hashed[:ID_BYTES]).decode().rstrip("=").lower()


def moment(value: datetime | None) -> str | None:
    """A moment as a record writes it."""
    return None if value is None else to_text(value)


def _object(parts: Mapping[str, str], names: tuple[str, ...]) -> str:
    return "{" + ",".join([f'"{name}":{parts[name]}' for name in names]) + "}"


def _pairs(value: list[list[Any]]) -> Vector:
    return tuple((name, item) for name, item in value)
