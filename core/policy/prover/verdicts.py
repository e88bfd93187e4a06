"""What a proof found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.kernel.strict_yaml import Path

Verdict = Literal["pass", "fail", "unknown"]
Lead = Mapping[str, object]


@dataclass(frozen=True)
class Found:
    """An answer of the solver: whether there is such a lead (None: it cannot say, with the trouble), and the plainest.

    `contrast` holds the fields in which a second lead differs from the first; `before` and `after` are what the
    serving evaluator makes of the first and of the second.
    """

    exists: bool | None
    lead: Lead | None = None
    contrast: Lead | None = None
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Proof:
    """One statement about every lead: `pass` holds for all, `fail` comes with a lead, `unknown` is no pass.

    `code` names the kind of finding and `path` its place in the document. `found` has the counterexample: every input
    field, and `arm` in the effective scope.
    """

    name: str
    code: str
    verdict: Verdict
    detail: str
    path: Path = ()
    kind: Literal["structure", "proof", "claim"] = "proof"
    scope: Literal["core", "effective"] = "core"
    found: Found = field(default_factory=lambda: Found(False))


def refuted_by(found: Found, proof: Proof, failing: str) -> Proof:
    """The proof's verdict where a lead that is found refutes it; `failing` then says what is wrong."""
    if found.exists is False:
        return proof
    verdict: Verdict = "unknown" if found.exists is None else "fail"
    return _with(proof, verdict, found.trouble or failing, found)


def needs(found: Found, proof: Proof, failing: str) -> Proof:
    """The proof's verdict where it needs a lead of the kind that was looked for."""
    if found.exists:
        return proof
    verdict: Verdict = "unknown" if found.exists is None else "fail"
    return _with(proof, verdict, found.trouble or failing, Found(found.exists))


def _with(proof: Proof, verdict: Verdict, detail: str, found: Found) -> Proof:
    return Proof(proof.name, proof.code, verdict, detail, proof.path, proof.kind, proof.scope, found)
