"""Refusals of what people say over decisions."""

from collections.abc import Sequence
from datetime import datetime

from core.kernel.errors import LeadbenchError, did_you_mean
from core.kernel.times import to_text

NAMED = 3


def _named(lead_ids: Sequence[str]) -> str:
    more = len(lead_ids) - NAMED
    return ", ".join(f"`{one}`" for one in lead_ids[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


class NobodyChosen(LeadbenchError):
    """An action on leads without a single lead."""

    code = "nobody_chosen"

    def __init__(self) -> None:
        super().__init__("No lead was chosen.", remedy="Name at least one lead that is still open.")


class LeadsUndecided(LeadbenchError):
    """Leads among those chosen that nobody knows, or that were never decided."""

    code = "undecided_leads"

    def __init__(self, lead_ids: Sequence[str]) -> None:
        super().__init__(
            f"{_named(lead_ids)}: unknown, or never decided.",
            value=lead_ids[0],
            remedy="Leave them out; nothing was changed for the others either.",
        )


class LeadsClosed(LeadbenchError):
    """Leads among those chosen that are won or lost."""

    code = "closed_leads"

    def __init__(self, lead_ids: Sequence[str]) -> None:
        super().__init__(
            f"{_named(lead_ids)}: won or lost meanwhile.",
            value=lead_ids[0],
            remedy="Choose again among the open leads; nothing was changed for the others either.",
        )


class LeadsDenied(LeadbenchError):
    """Leads among those chosen that a guard denies, so that no hand sends them anywhere."""

    code = "denied_leads"

    def __init__(self, lead_ids: Sequence[str]) -> None:
        super().__init__(
            f"{_named(lead_ids)}: denied by a guard of the policy, which no hand overrules.",
            value=lead_ids[0],
            remedy="Leave them out, or contest the decision.",
        )


class LeadsContested(LeadbenchError):
    """Leads among those chosen whose contested decision waits for a person with the permission to review."""

    code = "contested_leads"

    def __init__(self, lead_ids: Sequence[str]) -> None:
        super().__init__(
            f"{_named(lead_ids)}: contested, and a reviewer has not decided yet.",
            value=lead_ids[0],
            remedy="Leave them out, or have the contest settled first: `leadbench contests list --open`.",
        )


class PoolUnknown(LeadbenchError):
    """A pool that the policy does not name."""

    code = "unknown_pool"

    def __init__(self, pool: str, known: Sequence[str]) -> None:
        otherwise = f"The policy that decides names {', '.join(known)}." if known else "No policy decides yet."
        super().__init__(f"There is no pool `{pool}`.", value=pool, remedy=did_you_mean(pool, known, otherwise))


class AssigneeUnknown(LeadbenchError):
    """Somebody who is no rep of the pool, or no rep at all."""

    code = "unknown_assignee"

    def __init__(self, assignee: str, pool: str | None, known: Sequence[str]) -> None:
        where = f" in pool `{pool}`" if pool else ""
        otherwise = f"Known{where}: {', '.join(known[:9])}." if known else "Load reps: `leadbench import reps FILE`."
        super().__init__(
            f"Nobody is called `{assignee}`{where}.", value=assignee, remedy=did_you_mean(assignee, known, otherwise)
        )


class EndInvalid(LeadbenchError):
    """An end of a word over decisions that is over already, or too far away."""

    code = "invalid_end"

    def __init__(self, until: datetime, now: datetime) -> None:
        super().__init__(
            f"`{to_text(until)}` cannot be the end.",
            value=to_text(until),
            remedy=f"Name a time (UTC) after {to_text(now.replace(microsecond=0))}, within a year.",
        )


class ReasonTooLong(LeadbenchError):
    """A reason that is longer than it may be."""

    code = "reason_too_long"

    def __init__(self, length: int, most: int) -> None:
        super().__init__(
            f"The reason has {length:,} characters.", value=length, remedy=f"Say it in at most {most} characters."
        )


class OverrideUnknown(LeadbenchError):
    """No word of that id that stands."""

    code = "unknown_override"

    def __init__(self, override_id: str) -> None:
        super().__init__(
            f"No override `{override_id}` stands.",
            value=override_id,
            remedy="`leadbench lead overrides` shows those that do; one that is over cannot be undone.",
        )
