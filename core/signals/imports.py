"""What an import did, in numbers that always add up."""

from dataclasses import dataclass, field
from typing import Any

from core.signals.checks import Finding


@dataclass(frozen=True)
class Import:
    """The result of one import: read = accepted + duplicate + quarantined + unmatched + open.

    `unmatched` counts outcome records of unknown leads, `open` those without a decision; both are 0 for other kinds.
    `reasons` counts quarantined records by code; `batch_id` is null where nothing was written.
    """

    path: str
    kind: str
    read: int
    accepted: int
    duplicate: int
    quarantined: int
    unmatched: int = 0
    open: int = 0
    new_leads: int = 0
    merged: int = 0
    batch_id: str | None = None
    adapter: str = "generic"
    reasons: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def unchanged(self) -> bool:
        """Whether the store already held all of it."""
        return self.batch_id is None

    def to_json(self) -> dict[str, Any]:
        """The result as commands print it."""
        shown = {
            name: getattr(self, name)
            for name in ("path", "kind", "read", "accepted", "duplicate", "quarantined", "unmatched", "open")
        }
        return shown | {
            "new_leads": self.new_leads,
            "merged": self.merged,
            "batch_id": self.batch_id,
            "adapter": self.adapter,
            "reasons": self.reasons,
            "findings": [finding.to_json() for finding in self.findings],
            "warnings": [finding.to_json() for finding in self.warnings],
        }
