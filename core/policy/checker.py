"""The check of a policy text: findings, golden tests, proofs, hashes, and what is not executed yet."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from core.kernel.errors import Where
from core.kernel.expressions import Diagnostic
from core.kernel.expressions.diagnostics import CODES as CONDITION_CODES
from core.policy import golden, parser
from core.policy.checks import handed_in, warnings
from core.policy.document import Policy
from core.policy.errors import GoldenTestsFailed, PolicyInvalid, ProofsFailed
from core.policy.golden import GoldenResult
from core.policy.inputs import differing
from core.policy.shape import Located

WARNINGS = ("raw_events_kept",)
"""The codes of checks that pass and say what a document states and leadbench does not do."""
UNREAD = ("invalid_document", "missing_key", "unknown_key", "invalid_key", "wrong_type", "invalid_value")


@dataclass(frozen=True)
class Check:
    """One thing that was checked; `kind` says how: compile, structure, proof, claim or test; unknown is no pass.

    `differing` are the fields of the counterexample that are not as in a typical lead.
    """

    name: str
    kind: str
    scope: str
    verdict: str
    detail: str
    code: str
    line: int
    column: int
    counterexample: dict[str, object] | None = None
    differing: dict[str, object] | None = None
    contrast: dict[str, object] | None = None
    before: dict[str, object] | None = None
    after: dict[str, object] | None = None


@dataclass(frozen=True)
class CheckReport:
    """What a check found; hashes and name are None where the text is no policy; `proved` says whether proofs ran."""

    file: str
    policy: Policy | None
    diagnostics: tuple[Diagnostic, ...]
    tests: tuple[GoldenResult, ...]
    checks: tuple[Check, ...] = ()
    proved: bool = False

    @property
    def ok(self) -> bool:
        """Whether the text is a policy, all its golden tests pass, and every proof that ran is a pass."""
        return self.policy is not None and not self.diagnostics and not self.failed

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that do not pass."""
        return tuple(check for check in self.checks if check.verdict != "pass")

    @property
    def warnings(self) -> tuple[Check, ...]:
        """The checks that pass and say what is not done."""
        return tuple(check for check in self.checks if check.code in WARNINGS)

    def to_json(self) -> dict[str, object]:
        """The report in JSON's types."""
        policy = self.policy
        return {
            "ok": self.ok,
            "file": self.file,
            "name": policy.name if policy else None,
            "ref": policy.ref if policy else None,
            "hash": policy.content_hash if policy else None,
            "content_hash": policy.content_hash if policy else None,
            "behaviour_hash": policy.behaviour_hash if policy else None,
            "checks": [asdict(item) for item in self.checks],
            "diagnostics": [asdict(item) for item in self.diagnostics],
            "tests": self._counts(),
        }

    def _counts(self) -> dict[str, int]:
        passed = sum(result.passed for result in self.tests)
        return {"passed": passed, "failed": len(self.tests) - passed}


def check(text: str, file: str, *, proofs: bool = False) -> CheckReport:
    """Read the text, run the static checks, the golden tests and, if asked for, the proofs.

    Never raises on what an author writes.
    """
    policy, located, found = parser.read_located(text, file)
    if policy is not None and located is not None:
        found = tuple(handed_in(policy.document, located))
    if policy is None or located is None or found:
        return CheckReport(file, None, tuple(found), (), tuple(_structural(item, "fail") for item in found), proofs)
    results = tuple(golden.run(policy))
    failed = [_failed_test(item, located) for item in results if not item.passed]
    warned = [_structural(item, "pass") for item in warnings(policy.document, located)]
    checks = [*warned, *_tested(results, located), *(_proved(policy, located) if proofs else ())]
    return CheckReport(file, policy, tuple(failed), results, tuple(checks), proofs)


def sound(text: str, file: str) -> CheckReport:
    """The check, proofs included, of a text that passes its own tests and every proof.

    Raises PolicyInvalid, GoldenTestsFailed and ProofsFailed, each with the place of the first finding.
    """
    found = check(text, file, proofs=True)
    if found.policy is None:
        raise PolicyInvalid(file, found.diagnostics)
    failed = [result for result in found.tests if not result.passed]
    if found.failed:
        first = found.failed[0]
        where = Where(file, first.line, first.column)
        if failed:
            raise GoldenTestsFailed(found.policy.ref, failed[0].name, [result.message for result in failed], where)
        raise ProofsFailed(found.policy.ref, first.name, [check.detail for check in found.failed], where)
    return found


def report(text: str, file: str) -> dict[str, object]:
    """The whole check's report, proofs included, in JSON's types."""
    return check(text, file, proofs=True).to_json()


def _structural(found: Diagnostic, verdict: str) -> Check:
    kind = "compile" if found.code in CONDITION_CODES or found.code in UNREAD else "structure"
    detail = f"{found.message} {found.hint}".strip()
    return Check(found.code, kind, "core", verdict, detail, found.code, found.line, found.column)


def _failed_test(result: GoldenResult, located: Located) -> Diagnostic:
    hint = "Correct the rules, or what the test expects."
    return located.diagnostic("test_failed", ("tests", result.place), result.message, hint)


def _tested(results: tuple[GoldenResult, ...], located: Located) -> Iterator[Check]:
    for result in results:
        place = located.diagnostic("test_failed", ("tests", result.place), "")
        verdict, detail = ("pass", "It passes.") if result.passed else ("fail", result.message)
        yield Check(f"test {result.name}", "test", "core", verdict, detail, "test_failed", place.line, place.column)


def _proved(policy: Policy, located: Located) -> Iterator[Check]:
    from core.policy.prover import prove

    for proof in prove(policy):
        place = located.diagnostic(proof.code, proof.path, "")
        found = proof.found
        yield Check(
            proof.name,
            proof.kind,
            proof.scope,
            proof.verdict,
            proof.detail,
            proof.code,
            place.line,
            place.column,
            _plain(found.lead),
            None if found.lead is None else differing(policy, found.lead),
            _plain(found.contrast),
            _plain(found.before),
            _plain(found.after),
        )


def _plain(values: Any) -> dict[str, object] | None:
    return None if values is None else dict(values)
