"""The serving evaluator and its explanation: `compile(policy).decide(inputs)`, `Explainer(policy).explain(inputs)`."""

from core.policy.deciding import Evaluator, compile
from core.policy.explaining import Explainer, explain
from core.policy.outcome import Fault, Outcome, Reason

__all__ = ["Evaluator", "Explainer", "Fault", "Outcome", "Reason", "compile", "explain"]
