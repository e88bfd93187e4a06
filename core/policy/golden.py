"""The golden tests that a document carries."""

from dataclasses import dataclass

from core.policy.blocks import GoldenTest
from core.policy.deciding import Evaluator, compile
from core.policy.document import Policy
from core.policy.errors import GoldenTestsFailed, InputUnknown
from core.policy.inputs import fill
from core.policy.outcome import Outcome


@dataclass(frozen=True)
class GoldenResult:
    """What became of one golden test; `misses` are (output, expected, found)."""

    name: str
    place: int
    misses: tuple[tuple[str, object, object], ...]

    @property
    def passed(self) -> bool:
        """Whether every named output is as expected."""
        return not self.misses

    @property
    def message(self) -> str:
        """The misses in one sentence."""
        wrong = "; ".join(f"`{name}` is `{found}`, not `{expected}`" for name, expected, found in self.misses)
        return f"Test `{self.name}`: {wrong}."


def run(policy: Policy) -> list[GoldenResult]:
    """Every golden test's result, in the document's order; reasons match the codes of the outcome, in order."""
    evaluator = compile(policy)
    return [_result(evaluator, place, test) for place, test in enumerate(policy.document.tests)]


def require(policy: Policy) -> None:
    """Refuse with GoldenTestsFailed where the policy fails a test of its own."""
    failed = [result for result in run(policy) if not result.passed]
    if failed:
        raise GoldenTestsFailed(policy.ref, failed[0].name, [result.message for result in failed])


def _result(evaluator: Evaluator, place: int, test: GoldenTest) -> GoldenResult:
    try:
        outcome = evaluator.decide(fill(evaluator.policy, test.given))
    except InputUnknown as error:
        return GoldenResult(test.name, place, (("given", "a declared input", error.value),))
    pairs = [(name, getattr(test.expect, name), _found(outcome, name)) for name in _expected(test)]
    return GoldenResult(test.name, place, tuple(pair for pair in pairs if pair[1] != pair[2]))


def _expected(test: GoldenTest) -> list[str]:
    return [name for name in type(test.expect).model_fields if name in test.expect.model_fields_set]


def _found(outcome: Outcome, name: str) -> object:
    if name == "reasons":
        return tuple(item.reason for item in outcome.reasons if item.reason)
    return getattr(outcome, name)
