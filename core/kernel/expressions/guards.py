"""Under NOT, a missing value turns into true: policies must say what they mean for it."""

from core.kernel.expressions.diagnostics import Findings
from core.kernel.expressions.nodes import And, Comparison, FieldRef, InList, IsNull, Like, Node, Not, Or, children


def check(node: Node, findings: Findings) -> None:
    """Notes every optional field that is compared under NOT without a guard.

    A guard is `field IS NOT NULL` in an enclosing AND (of the comparison or of the NOT), or `field IS NULL` in an
    enclosing OR. NOT IN, NOT LIKE, NOT BETWEEN and <> are comparisons, false on a missing value: they need none.
    """
    _walk(node, findings, guarded=frozenset(), under_not=False)


def _walk(node: Node, findings: Findings, *, guarded: frozenset[str], under_not: bool) -> None:
    if isinstance(node, Not):
        _walk(node.part, findings, guarded=guarded, under_not=True)
        return
    if under_not:
        for ref in _compared(node):
            if ref.field.optional and ref.field.name not in guarded:
                _add(ref, findings)
    inside = guarded | _guards(node)
    for child in children(node):
        _walk(child, findings, guarded=inside, under_not=under_not)


def _guards(node: Node) -> frozenset[str]:
    if not isinstance(node, And | Or):
        return frozenset()
    wanted = isinstance(node, And)
    return frozenset(part.ref.field.name for part in node.parts if isinstance(part, IsNull) and part.negated is wanted)


def _compared(node: Node) -> list[FieldRef]:
    if isinstance(node, Comparison):
        return [side for side in (node.left, node.right) if isinstance(side, FieldRef)]
    return [node.ref] if isinstance(node, InList | Like) else []


def _add(ref: FieldRef, findings: Findings) -> None:
    name = ref.field.name
    findings.add(
        "optional_under_not",
        ref.offset,
        f"`{name}` may be missing, and NOT makes that true.",
        f"Say what a missing value means: `{name} IS NOT NULL AND NOT ...`.",
    )
