"""Refusals of retention."""

from core.kernel.errors import LeadbenchError

AGAIN = "Look at `leadbench policy retain` and ask again with --ask."


class NothingToRetire(LeadbenchError):
    """Asking for a deletion of nothing."""

    code = "nothing_to_retire"

    def __init__(self) -> None:
        super().__init__(
            "There is no decision to delete.",
            remedy="Decisions go by the days in `privacy.retention_days` of the policies that decide.",
        )


class PlanUnknown(LeadbenchError):
    """A plan that nobody asked for, or that does not wait any more."""

    code = "unknown_plan"

    def __init__(self, plan: str) -> None:
        super().__init__(
            f"Nobody asked for the deletion `{plan}`, or it was refused or carried out.", value=plan, remedy=AGAIN
        )


class PlanOwn(LeadbenchError):
    """A deletion carried out by who asked for it."""

    code = "asker_cannot_apply"

    def __init__(self, plan: str, name: str) -> None:
        super().__init__(
            f"`{name}` asked for the deletion `{plan}`, so somebody else has to approve it.",
            value=name,
            remedy="Ask somebody who may approve; `leadbench users list` shows who there is.",
        )


class PlanMoved(LeadbenchError):
    """A deletion that would no longer delete what was asked for."""

    code = "plan_moved"

    def __init__(self, plan: str) -> None:
        super().__init__(
            f"The deletion `{plan}` is no longer what was asked for: "
            "policies, contests, overrides, messages or rollouts changed.",
            value=plan,
            remedy=AGAIN,
        )
