"""Simulations that were kept as evidence: written once, found by their hash or by the version that they are about."""

import json
from collections.abc import Iterator

import polars as pl

from core.kernel.canonical import canonical
from core.kernel.database import Change, Database
from core.kernel.times import naive
from core.simulation.errors import EvidenceUnknown
from core.simulation.evidence import Evidence, Kept

COLUMNS = "evidence_hash, evidence, actor, made_at"


class EvidenceStore:
    """The simulations of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, evidence: Evidence, actor: str) -> Evidence:
        """Keep a simulation, with one ledger entry; one that is kept already changes nothing."""
        with self._database.change("governance", "policy.simulated", actor) as change:
            if self.put(change, evidence, actor):
                change.body.update(told(evidence))
            else:
                change.abandon()
        return evidence

    def put(self, change: Change, evidence: Evidence, actor: str) -> bool:
        """Write a simulation within a change whose entry names it; whether it was not there before."""
        if change.scalar("SELECT count(*) FROM simulations WHERE evidence_hash = ?", [evidence.hash]):
            return False
        row = {
            "evidence_hash": evidence.hash,
            "before_hash": evidence.before,
            "after_hash": evidence.after,
            "mode": evidence.mode,
            "evidence": canonical(evidence.to_json()).decode(),
            "made_at": naive(self._database.clock.now()),
            "actor": actor,
        }
        change.insert("simulations", pl.DataFrame([row]))
        return True

    def get(self, evidence_hash: str) -> Kept:
        """The evidence of that hash, computed anew from what is kept; raises EvidenceUnknown where it is not there."""
        sql = f"SELECT {COLUMNS} FROM simulations WHERE evidence_hash = ?"
        found = next(self._read(sql, [evidence_hash]), None)
        if found is None or found.evidence.hash != evidence_hash:
            raise EvidenceUnknown(evidence_hash, altered=found is not None)
        return found

    def about(self, after: str, before: str | None = None) -> list[Kept]:
        """What is kept about a version (content hash), perhaps against one other version only; newest first."""
        sql = f"""SELECT {COLUMNS} FROM simulations WHERE after_hash = $after
            AND ($before IS NULL OR before_hash = $before) ORDER BY made_at DESC, evidence_hash"""
        return list(self._read(sql, {"after": after, "before": before}))

    def is_current(self, evidence: Evidence) -> bool:
        """Whether the data that the simulation read is still the newest."""
        return self._database.revisions(*evidence.revisions) == dict(evidence.revisions)

    def _read(self, sql: str, params: list[str] | dict[str, str | None]) -> Iterator[Kept]:
        for _, text, actor, made_at in self._database.read(sql, params).iter_rows():
            yield Kept(Evidence(**json.loads(text)), actor, made_at)


def told(evidence: Evidence) -> dict[str, object]:
    """How a ledger entry names a simulation."""
    return {
        "evidence_hash": evidence.hash,
        "before": evidence.before,
        "after": evidence.after,
        "mode": evidence.mode,
        "seed": evidence.seed,
        "revisions": dict(evidence.revisions),
    }
