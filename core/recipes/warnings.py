"""What a run warns about: a closed list of codes, each with a sentence."""

from dataclasses import dataclass
from typing import Literal

Code = Literal[
    "base_rate_shift",
    "no_time_split",
    "thin_data",
    "poorly_calibrated",
    "truncated_outcomes",
    "suspected_leaks",
    "many_censored",
    "no_outcome",
    "unmatched_records",
    "champion_not_compared",
    "challenger_not_scored",
]


@dataclass(frozen=True)
class Caution:
    """One warning of a run's result."""

    code: Code
    message: str

    def to_json(self) -> dict[str, str]:
        """As the result prints it."""
        return {"code": self.code, "message": self.message}
