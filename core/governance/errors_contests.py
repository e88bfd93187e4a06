"""Refusals of contested decisions."""

from core.kernel.errors import LeadbenchError


class NoWayToContest(LeadbenchError):
    """A contest under a policy that names no way to a person."""

    code = "no_human_review"

    def __init__(self, ref: str) -> None:
        super().__init__(
            f"{ref} names no way to a person.",
            value=ref,
            remedy="Publish a policy with `privacy.human_review`: a queue, and within how many hours.",
        )


class ContestOpen(LeadbenchError):
    """A second contest of a lead while one waits."""

    code = "already_contested"

    def __init__(self, lead_id: str, contest_id: str) -> None:
        super().__init__(
            f"Lead `{lead_id}` waits for a person already.", value=lead_id, remedy=f"Settle {contest_id} first."
        )


class ContestUnknown(LeadbenchError):
    """No contest of that id that waits for a person."""

    code = "unknown_contest"

    def __init__(self, contest_id: str) -> None:
        super().__init__(
            f"No contest `{contest_id}` waits for a person.",
            value=contest_id,
            remedy="`leadbench contests list` shows those that do.",
        )


class NoDecider(LeadbenchError):
    """A contest where nothing decides."""

    code = "nothing_decides"

    def __init__(self) -> None:
        super().__init__(
            "No model and policy decide yet, so no decision can be contested.",
            remedy="Run a recipe first: `leadbench run RECIPE`.",
        )
