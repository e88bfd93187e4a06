"""Segregation of duties, computed from the ledger alone: nobody approved his own change, and enough others did."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.governance.authorship import needed
from core.kernel.database import Database

MADE = ("policy.drafted", "policy.edited", "policy.submitted")
TRUSTED = {"model.approved": "approved", "model.released": "released"}
SENT_BACK = ("policy.changes_requested", "policy.refused", "policy.discarded")


@dataclass
class Duties:
    """Who made and who approved each version, entry by entry; what broke a rule, and what was an exception to them."""

    authors: dict[str, set[str]] = field(default_factory=dict)
    approvers: dict[str, list[str]] = field(default_factory=dict)
    risk: dict[str, str] = field(default_factory=dict)
    blessed: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    trainers: dict[str, set[str]] = field(default_factory=dict)
    violations: list[dict[str, Any]] = field(default_factory=list)
    exceptions: list[dict[str, Any]] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("approvals", "publishings", "rollbacks"), 0))

    def to_json(self) -> dict[str, Any]:
        """The report: ok where nothing broke a rule; exceptions are emergencies, which stay listed for ever."""
        return {
            "ok": not self.violations,
            "violations": self.violations,
            "exceptions": self.exceptions,
            "checked": self.checked,
        }

    def read(self, seq: int, kind: str, actor: str, at: str, body: Mapping[str, Any]) -> None:
        """Take the next entry of the ledger."""
        version = body.get("content_hash")
        named = {"seq": seq, "kind": kind, "actor": actor, "at": at, "content_hash": version}
        if kind.startswith("model."):
            self._model(kind, actor, body, named)
        elif version is None:
            return
        elif kind in MADE:
            self._made(kind, version, actor, body)
        elif kind in SENT_BACK:
            self.approvers[version] = []
        elif kind == "policy.bootstrapped":
            self.blessed.add(version)
        elif kind == "policy.approved":
            self._approved(version, actor, named)
        elif kind == "policy.published":
            self._published(version, named)
        elif kind == "policy.glass_broken":
            self.broken.add(version)
            self.exceptions.append({**named, "reason": body.get("reason"), "expires_at": body.get("expires_at")})
        elif kind in ("policy.rolled_back", "policy.expired"):
            self.checked["rollbacks"] += 1
            self.broken.discard(str(body.get("before")))
            if version not in self.blessed:
                self.violations.append({**named, "rule": "rolled back to a version that was never approved"})

    def _made(self, kind: str, version: str, actor: str, body: Mapping[str, Any]) -> None:
        before = self.authors.get(str(body.get("replaces")), set())
        self.authors.setdefault(version, set()).update({actor}, before)
        self.approvers[version] = []
        if kind == "policy.submitted":
            self.risk[version] = str(body["risk_class"])

    def _approved(self, version: str, actor: str, named: Mapping[str, Any]) -> None:
        self.checked["approvals"] += 1
        if actor in self.authors.get(version, set()):
            self.violations.append({**named, "rule": "an author approved"})
        self.approvers.setdefault(version, []).append(actor)
        if version in self.broken and len(self._others(version)) >= self._needed(version):
            self.blessed.add(version)

    def _published(self, version: str, named: Mapping[str, Any]) -> None:
        self.checked["publishings"] += 1
        others = self._others(version)
        if version not in self.blessed and len(others) < self._needed(version):
            self.violations.append({**named, "rule": f"published with {len(others)} approvals by others"})
        self.blessed.add(version)

    def _others(self, version: str) -> set[str]:
        return set(self.approvers.get(version, [])) - self.authors.get(version, set())

    def _needed(self, version: str) -> int:
        return needed(self.risk.get(version, "high"))

    def _model(self, kind: str, actor: str, body: Mapping[str, Any], named: Mapping[str, Any]) -> None:
        model = str(body.get("model_hash"))
        if kind == "model.registered":
            self.trainers.setdefault(model, set()).add(actor)
        elif kind in TRUSTED:
            self.checked["approvals"] += 1
            if actor in self.trainers.get(model, set()):
                self.violations.append(
                    {**named, "model_hash": model, "rule": f"who trained the model {TRUSTED[kind]} it"}
                )


def report(database: Database) -> dict[str, Any]:
    """The segregation-of-duties report over the whole ledger; `ok` means not a single violation."""
    return of_entries(database.entries().iter_rows(named=True)).to_json()


def of_entries(entries: Iterable[Mapping[str, Any]]) -> Duties:
    """The duties that ledger entries (seq, stream, kind, at, actor, body as JSON text) tell of, in their order."""
    found = Duties()
    for entry in entries:
        if entry["stream"] in ("policy", "models"):
            found.read(entry["seq"], entry["kind"], entry["actor"], entry["at"], json.loads(entry["body"]))
    return found
