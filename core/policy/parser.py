"""From text to policy: strict YAML, the shape of schema v1, every condition, the static checks."""

from functools import lru_cache

from core.kernel.expressions import Diagnostic
from core.kernel.strict_yaml import DocumentInvalid
from core.kernel.strict_yaml import load as load_yaml
from core.policy.caps import with_implied_inputs
from core.policy.checks import structure
from core.policy.compiled import Compiler
from core.policy.document import Policy
from core.policy.errors import PolicyInvalid
from core.policy.shape import Located, read_document


def load(text: str, file: str) -> Policy:
    """The policy that a text writes; raises PolicyInvalid with every finding of the step that found any."""
    policy, found = read(text, file)
    if policy is None:
        raise PolicyInvalid(file, found)
    return policy


def read(text: str, file: str) -> tuple[Policy | None, list[Diagnostic]]:
    """The policy, or None with what is wrong with the text; golden tests are not run."""
    policy, _, found = read_located(text, file)
    return policy, list(found)


@lru_cache(maxsize=64)
def read_located(text: str, file: str) -> tuple[Policy | None, Located | None, tuple[Diagnostic, ...]]:
    """The policy with what places further findings in its text; None with the findings where it is no policy."""
    try:
        tree, positions = load_yaml(text, file=file)
    except DocumentInvalid as error:
        return None, None, (_unreadable(error),)
    located = Located(positions)
    document, found = read_document(tree, located)
    if document is None:
        return None, located, tuple(found)
    compiler = Compiler(document, located)
    conditions = compiler.conditions()
    found = _in_order([*compiler.found, *structure(document, located)])
    if found or conditions is None or not isinstance(tree, dict):
        return None, located, tuple(found)
    return Policy(with_implied_inputs(document), conditions, tree, text, file), located, ()


def _unreadable(error: DocumentInvalid) -> Diagnostic:
    where = error.where
    line, column = (where.line or 1, where.column or 1) if where else (1, 1)
    return Diagnostic("invalid_document", error.message, line, column, error.remedy)


def _in_order(found: list[Diagnostic]) -> list[Diagnostic]:
    return sorted(found, key=lambda item: (item.line, item.column, item.code))
