"""The check of a policy text: findings, golden tests, hashes, and what is not executed yet."""

from dataclasses import asdict, dataclass

from core.kernel.errors import Where
from core.kernel.expressions import Diagnostic
from core.policy import golden, parser
from core.policy.document import Policy
from core.policy.errors import GoldenTestsFailed, PolicyInvalid


@dataclass(frozen=True)
class CheckReport:
    """What a check found; hashes and name are None where the text is no policy."""

    file: str
    policy: Policy | None
    diagnostics: tuple[Diagnostic, ...]
    tests: tuple[golden.GoldenResult, ...]

    @property
    def ok(self) -> bool:
        """Whether the text is a policy and all its golden tests pass."""
        return self.policy is not None and not self.diagnostics

    def to_json(self) -> dict[str, object]:
        """The report in JSON's types."""
        policy = self.policy
        return {
            "ok": self.ok,
            "file": self.file,
            "name": policy.name if policy else None,
            "ref": policy.ref if policy else None,
            "content_hash": policy.content_hash if policy else None,
            "behaviour_hash": policy.behaviour_hash if policy else None,
            "diagnostics": [asdict(item) for item in self.diagnostics],
            "unexecuted_blocks": list(policy.unexecuted_blocks) if policy else [],
            "tests": self._counts(),
        }

    def _counts(self) -> dict[str, int]:
        passed = sum(result.passed for result in self.tests)
        return {"passed": passed, "failed": len(self.tests) - passed}


def check(text: str, file: str) -> CheckReport:
    """Read the text, run the static checks and the golden tests; never raises on what an author writes."""
    policy, located, found = parser.read_located(text, file)
    if policy is None or located is None:
        return CheckReport(file, None, tuple(found), ())
    results = tuple(golden.run(policy))
    failed = [
        located.diagnostic(
            "test_failed", ("tests", item.place), item.message, "Correct the rules, or what the test expects."
        )
        for item in results
        if not item.passed
    ]
    return CheckReport(file, policy, tuple(failed), results)


def sound(text: str, file: str) -> Policy:
    """The policy of a text that passes its own tests; raises PolicyInvalid and GoldenTestsFailed with the place."""
    found = check(text, file)
    failed = [result for result in found.tests if not result.passed]
    if found.policy is None:
        raise PolicyInvalid(file, found.diagnostics)
    if failed:
        place = next(item for item in found.diagnostics if item.code == "test_failed")
        where = Where(file, place.line, place.column)
        raise GoldenTestsFailed(found.policy.ref, failed[0].name, [result.message for result in failed], where)
    return found.policy


def report(text: str, file: str) -> dict[str, object]:
    """The check's report in JSON's types."""
    return check(text, file).to_json()
