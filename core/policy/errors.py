"""Refusals of the policy room."""

from collections.abc import Sequence

from core.kernel.errors import LeadbenchError, Where
from core.kernel.expressions import Diagnostic


class PolicyInvalid(LeadbenchError):
    """A document that is not a policy; `diagnostics` locate every finding."""

    code = "invalid_policy"

    def __init__(self, file: str, diagnostics: Sequence[Diagnostic]) -> None:
        first = diagnostics[0]
        more = f" ({len(diagnostics) - 1} more)" if len(diagnostics) > 1 else ""
        super().__init__(
            f"{first.message}{more}",
            value=first.code,
            remedy=first.hint,
            where=Where(file, first.line, first.column),
        )
        self.diagnostics = tuple(diagnostics)


class GoldenTestsFailed(LeadbenchError):
    """A policy that fails a test of its own; `failures` are the tests in words."""

    code = "tests_failed"

    def __init__(self, ref: str, test: str, failures: Sequence[str], where: Where | None = None) -> None:
        more = f" ({len(failures) - 1} more)" if len(failures) > 1 else ""
        super().__init__(
            f"`{ref}` fails its own tests. {failures[0]}{more}",
            value=test,
            remedy="Correct the rules, or what the test expects; `leadbench policy check FILE` shows every failure.",
            where=where,
        )
        self.failures = tuple(failures)


class ProofsFailed(LeadbenchError):
    """A policy of which something is refuted, or could not be proved; `failures` are the statements in words."""

    code = "proofs_failed"

    def __init__(self, ref: str, proof: str, failures: Sequence[str], where: Where | None = None) -> None:
        more = f" ({len(failures) - 1} more)" if len(failures) > 1 else ""
        super().__init__(
            f"`{ref}` is not proved sound. {failures[0]}{more}",
            value=proof,
            remedy="Correct the rule; `leadbench policy check FILE` shows the plainest lead of each finding.",
            where=where,
        )
        self.failures = tuple(failures)


class InputUnknown(LeadbenchError):
    """A lead names an input that the policy does not declare."""

    code = "unknown_input"

    def __init__(self, policy: str, name: str, near: str | None) -> None:
        super().__init__(
            f"Policy `{policy}` has no input `{name}`.",
            value=name,
            remedy=f"Did you mean `{near}`?" if near else "Leave it out, or declare it under `inputs.fields`.",
        )


class PolicyUnknown(LeadbenchError):
    """No stored policy version has this name, reference or hash."""

    code = "unknown_policy"

    def __init__(self, ref: str, near: str | None = None) -> None:
        super().__init__(
            f"There is no policy version `{ref}`.",
            value=ref,
            remedy=f"Did you mean `{near}`?" if near else "See `leadbench policy history` for what there is.",
        )


class ReferenceAmbiguous(LeadbenchError):
    """A reference that fits several stored versions."""

    code = "ambiguous_policy"

    def __init__(self, ref: str, candidates: Sequence[str]) -> None:
        super().__init__(
            f"`{ref}` fits several policy versions: {', '.join(f'`{item}`' for item in candidates)}.",
            value=ref,
            remedy="Give the full content hash.",
        )


class TransitionRefused(LeadbenchError):
    """A version cannot go from the state it is in to the one asked for."""

    code = "wrong_state"

    def __init__(self, ref: str, state: str, target: str, allowed: Sequence[str]) -> None:
        ways = ", ".join(f"`{item}`" for item in allowed) or "nowhere"
        super().__init__(
            f"Policy version `{ref}` is `{state}` and cannot become `{target}`.",
            value=state,
            remedy=f"From `{state}` it can go to {ways}.",
        )


class ParentStale(LeadbenchError):
    """The active version is no longer the one that a change was made against."""

    code = "stale_parent"

    def __init__(self, name: str, expected: str | None, found: str | None) -> None:
        super().__init__(
            f"Policy `{name}` was changed against `{expected}`, but `{found}` is active now.",
            value=found,
            remedy="Compare with the active version, draft the change again on top of it, and submit that.",
        )


class PolicyDamaged(LeadbenchError):
    """A stored text that no longer has the content hash that it is stored under."""

    code = "policy_damaged"

    def __init__(self, ref: str, expected: str, found: str) -> None:
        super().__init__(
            f"The stored text of `{ref}` has the hash `{found}`, not `{expected}`.",
            value=found,
            remedy="Restore the store from a backup; no decision is made by an altered policy.",
        )


class PolicyExpired(LeadbenchError):
    """A version whose effective time is over."""

    code = "policy_expired"

    def __init__(self, ref: str, until: str | None) -> None:
        super().__init__(
            f"The time of `{ref}` ended at `{until}`.",
            value=until,
            remedy="Give `metadata.effective` a later `until`, or null, and submit that.",
        )


class EffectiveOverlaps(LeadbenchError):
    """Two versions of one policy that would decide at the same time."""

    code = "effective_overlap"

    def __init__(self, ref: str, other: str) -> None:
        super().__init__(
            f"The effective time of `{ref}` overlaps that of `{other}`, which waits to be published.",
            value=other,
            remedy="Let one begin where the other ends, or discard the one that is not meant.",
        )
