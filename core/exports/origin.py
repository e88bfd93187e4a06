"""Where an exported list comes from: the words that go with every file."""

from dataclasses import dataclass
from datetime import datetime

from core.kernel.times import to_text


@dataclass(frozen=True)
class Origin:
    """What was exported: its filter, the versions that decided it, as of when, and by whom; times are aware UTC."""

    title: str
    filter: str
    policy: str
    model: str
    as_of: datetime | None
    made_at: datetime
    actor: str

    def lines(self) -> list[tuple[str, str]]:
        """The facts as (name, value), in the order of a `Read me` sheet."""
        return [
            ("List", self.title),
            ("Filter", self.filter or "none"),
            ("Policy", self.policy or "none"),
            ("Model", self.model or "none"),
            ("As of", to_text(self.as_of) if self.as_of else "unknown"),
            ("Exported at", to_text(self.made_at)),
            ("Exported by", self.actor),
        ]
