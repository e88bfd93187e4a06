"""What an approval binds to: the bundle that would decide, and the evidence pack that was read; each has one hash."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Event
from typing import Any

from core.decisions.store import DecisionStore
from core.governance.store_release import SubmissionStore
from core.kernel.canonical import canonical, digest
from core.kernel.database import Change, Database
from core.kernel.errors import LeadbenchError
from core.kernel.workers import Cancelled, Progress
from core.models.store import ModelStore
from core.policy import diff
from core.policy.checker import CheckReport
from core.policy.document import Policy
from core.policy.prover import Found, compare
from core.policy.store import StoredVersion
from core.simulation.evidence import Evidence
from core.simulation.on_store import share
from core.simulation.store_evidence import EvidenceStore
from core.simulation.study import Question, study

SEED = 7
PROVED, SIMULATED = 0.1, 0.9
"""How far a request for approval is once its version is proved, and once it is simulated."""
READ = ("signals", "features", "models", "decisions")


@dataclass(frozen=True)
class Bundle:
    """The hashes of everything that would decide together; a part that the store does not have is None."""

    feature_set: str | None
    label: str | None
    model: str | None
    calibration: str | None
    policy: str
    rollout: str | None

    @cached_property
    def hash(self) -> str:
        """`sha256:<hex>` of the parts."""
        return digest(asdict(self))

    def differing(self, other: "Bundle") -> list[str]:
        """The parts that are not the same, by name."""
        return [name for name, value in asdict(self).items() if value != getattr(other, name)]


@dataclass(frozen=True)
class Submission:
    """A version as it was handed in: the bundle and the evidence pack (JSON) that approvals bind to."""

    content_hash: str
    bundle: Bundle
    evidence: Mapping[str, Any]
    bundle_hash: str
    evidence_hash: str
    actor: str
    submitted_at: datetime

    @property
    def is_intact(self) -> bool:
        """Whether bundle and evidence still have the hashes that were approved."""
        return self.bundle.hash == self.bundle_hash and digest(dict(self.evidence)) == self.evidence_hash


class Bundles:
    """Makes bundles and evidence packs, and keeps those that were handed in."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._models = ModelStore(database)
        self._store = SubmissionStore(database)
        self.simulations = EvidenceStore(database)

    def of(self, policy: Policy) -> Bundle:
        """The policy with the newest model and what that was made from."""
        rollout = policy.document.rollout
        plan = digest(rollout.model_dump(mode="json")) if rollout else None
        champion = self._models.champion()
        if champion is None:
            return Bundle(None, None, None, None, policy.content_hash, plan)
        try:
            model = self._models.get(champion.model_hash)
        except LeadbenchError:
            return Bundle(champion.feature_set_hash, None, champion.model_hash, None, policy.content_hash, plan)
        label = digest(json.loads(canonical(model.facts.get("label"))))
        own = {} if model.segments is None else {"segments": model.segments.to_json()}
        calibration = digest({**json.loads(canonical(model.calibration)), **json.loads(canonical(own))})
        return Bundle(champion.feature_set_hash, label, model.model_hash, calibration, policy.content_hash, plan)

    def evidence(
        self,
        found: CheckReport,
        parent: StoredVersion | None,
        progress: Progress | None = None,
        cancel: Event | None = None,
    ) -> tuple[dict[str, Any], Evidence | None]:
        """The evidence pack of a checked version against the one that decides, and its simulation where leads are.

        Proofs, changes in words, what is proved to change, the simulation, the revisions that were read, and the seed.
        Raises Cancelled.
        """
        assert found.policy is not None
        revisions = self._database.revisions(*READ)
        tell("simulating on the leads", progress, cancel, PROVED)
        simulation = self._simulated(found.policy, parent, share(progress, PROVED, SIMULATED), cancel)
        tell("proving what changes", progress, cancel, SIMULATED)
        pack = {
            "policy": found.policy.content_hash,
            "parent": parent.content_hash if parent else None,
            "checks": [_check(one) for one in found.to_json()["checks"]],  # type: ignore[attr-defined]
            "changes": [one.text for one in diff.diff(parent.policy, found.policy)] if parent else [],
            "no_op": bool(parent and diff.is_no_op(parent.policy, found.policy)),
            "proved_change": _proved(parent.policy, found.policy) if parent else None,
            "simulation": {"hash": simulation.hash, **simulation.to_json()} if simulation else None,
            "revisions": revisions,
            "seed": SEED,
        }
        return json.loads(canonical(pack)), simulation

    def keep(
        self, change: Change, bundle: Bundle, pack: Mapping[str, Any], simulation: Evidence | None, actor: str
    ) -> dict[str, str]:
        """Write what is handed in; the two hashes for the ledger entry."""
        hashes = {"bundle_hash": bundle.hash, "evidence_hash": digest(dict(pack))}
        if simulation:
            self.simulations.put(change, simulation, actor)
        self._store.add(
            change,
            {
                "content_hash": bundle.policy,
                **hashes,
                "bundle": canonical(asdict(bundle)).decode(),
                "evidence": canonical(dict(pack)).decode(),
                "actor": actor,
            },
        )
        return hashes

    def newest(self, content_hash: str, change: Change | None = None) -> Submission | None:
        """The newest submission of a version, None where it was never handed in."""
        row = self._store.newest(content_hash, change)
        if row is None:
            return None
        bundle, evidence = Bundle(**json.loads(row["bundle"])), json.loads(row["evidence"])
        at = row["submitted_at"].replace(tzinfo=UTC)
        return Submission(content_hash, bundle, evidence, row["bundle_hash"], row["evidence_hash"], row["actor"], at)

    def holds(self, bundle: Bundle, change: Change) -> bool:
        """Whether the bundle is the one that was handed in last with its version, and nothing of that was altered."""
        found = self.newest(bundle.policy, change)
        return found is not None and found.is_intact and found.bundle_hash == bundle.hash

    def _simulated(
        self, policy: Policy, parent: StoredVersion | None, progress: Progress | None, cancel: Event | None
    ) -> Evidence | None:
        """The simulation of this version against its parent on the data as it is now, made where there is none."""
        if parent is None:
            return None
        kept = self.simulations.about(policy.content_hash, parent.content_hash)
        current = next((one.evidence for one in kept if self.simulations.is_current(one.evidence)), None)
        if current is not None:
            return current
        if not DecisionStore(self._database).count():
            return None
        return study(self._database, Question(parent.policy, policy, seed=SEED), progress, cancel).evidence()


def tell(text: str, progress: Progress | None, cancel: Event | None, done: float = 0.0) -> None:
    """Say what a request for approval does next; raises Cancelled where nobody waits for it any more."""
    if cancel is not None and cancel.is_set():
        raise Cancelled("the request for approval")
    if progress is not None:
        progress(done, text)


def _check(told: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "kind", "scope", "verdict", "detail", "counterexample", "before", "after")
    return {name: told.get(name) for name in names}


def _proved(before: Policy, after: Policy) -> dict[str, Any]:
    """For each output whether it is proved equal, with the plainest lead that is decided otherwise."""
    found = compare(before, after)
    return {
        "equivalent": found.equivalent,
        "outputs": {name: _answer(one, "equal", "differs") for name, one in found.outputs.items()},
        "newly_eligible": _answer(found.newly_eligible, "none", "some"),
    }


def _answer(found: Found, absent: str, present: str) -> dict[str, Any]:
    verdict = "unknown" if found.exists is None else present if found.exists else absent
    return {"verdict": verdict, "counterexample": found.lead, "before": found.before, "after": found.after}
