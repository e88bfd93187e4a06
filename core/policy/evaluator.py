"""The serving evaluator and its explanation: `compile(policy).decide(inputs)` and `explain(policy, inputs)`."""

from core.policy.deciding import Evaluator, compile
from core.policy.explaining import explain
from core.policy.outcome import Fault, Outcome, Reason

__all__ = ["Evaluator", "Fault", "Outcome", "Reason", "compile", "explain"]
