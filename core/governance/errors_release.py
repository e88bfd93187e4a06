"""Refusals on the way from an approval to everybody: bundles, rollouts, schedules and broken glass."""

from core.kernel.canonical import short
from core.kernel.errors import LeadbenchError


class EvidenceVoid(LeadbenchError):
    """Approving or publishing where what the approval binds to is no longer what would decide."""

    code = "evidence_void"

    def __init__(self, ref: str, why: str) -> None:
        super().__init__(
            f"What was handed in for `{ref}` no longer holds: {why}.",
            value=why,
            remedy="Submit the version again, so that bundle and evidence are made anew, and have that approved.",
        )


class NoRollout(LeadbenchError):
    """A step of a rollout where none is under way."""

    code = "no_rollout"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"No rollout of policy `{name}` is under way.",
            value=name,
            remedy="A rollout begins when a version with a `rollout:` block is published over another one.",
        )


class RolloutUnderWay(LeadbenchError):
    """Publishing while an earlier version is still on its way."""

    code = "rollout_under_way"

    def __init__(self, name: str, ref: str) -> None:
        super().__init__(
            f"The rollout of `{ref}` is still under way.",
            value=ref,
            remedy=f"Advance it to the end, or go back with `leadbench policy rollout {name} abort`.",
        )


class RolloutUnfinished(LeadbenchError):
    """A rollback to a version whose rollout was ended before it decided everybody."""

    code = "rollout_unfinished"

    def __init__(self, ref: str) -> None:
        super().__init__(
            f"`{ref}` cannot be rolled back to: its rollout did not reach everybody.",
            value=ref,
            remedy="Publish it, which begins its rollout again; or name another version with --to.",
        )


class DraftMoved(LeadbenchError):
    """A request for approval of a draft that got another content while the request was at work."""

    code = "draft_moved"

    def __init__(self, draft_id: str, content_hash: str) -> None:
        super().__init__(
            f"Draft `{draft_id}` was edited meanwhile: it holds `{short(content_hash)}` now.",
            value=draft_id,
            remedy="Open the draft again, look at what it says now, and submit that.",
        )


class RolloutEarly(LeadbenchError):
    """A step that is to be left before its time."""

    code = "rollout_early"

    def __init__(self, name: str, waits: str) -> None:
        super().__init__(
            f"The rollout of `{name}` cannot go on yet: {waits}.",
            value=waits,
            remedy="Wait for what the plan asks for; `leadbench policy rollout NAME status` says how far it is.",
        )


class RolloutFailing(LeadbenchError):
    """A step that is to be left although the judge says fail."""

    code = "rollout_failing"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The judge refuses the rollout of `{name}`: {reason}.",
            value=reason,
            remedy=f"Go back with `leadbench policy rollout {name} abort --reason ...`.",
        )


class ExpiryInvalid(LeadbenchError):
    """Broken glass without an expiry within four hours."""

    code = "invalid_expiry"

    def __init__(self, text: object) -> None:
        super().__init__(
            f"`{text}` is no expiry for an emergency: it must be more than nothing and at most 4 hours.",
            value=text,
            remedy="Write --for 2h; the version before decides again after that, unless this one is approved.",
        )


class NothingBefore(LeadbenchError):
    """Broken glass, or a rollout, with no version to go back to."""

    code = "nothing_before"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"No version of `{name}` decides yet, so there is none to go back to.",
            value=name,
            remedy="Have the first version approved and publish it.",
        )


class DueInvalid(LeadbenchError):
    """A publishing scheduled for a time that is over."""

    code = "invalid_due"

    def __init__(self, text: str) -> None:
        super().__init__(f"`{text}` is over already.", value=text, remedy="Name a later time, or leave --at out.")


class OutsideWindow(LeadbenchError):
    """Publishing before the time from which the policy is meant to decide."""

    code = "outside_window"

    def __init__(self, ref: str, since: str) -> None:
        super().__init__(
            f"`{ref}` is meant to decide from {since} on.",
            value=since,
            remedy="Schedule it with --at, or change metadata.effective and submit it again.",
        )


class GlassBroken(LeadbenchError):
    """A second emergency, or a rollout, over a version that decides by broken glass."""

    code = "glass_broken"

    def __init__(self, name: str, ref: str) -> None:
        super().__init__(
            f"`{ref}` decides by broken glass already.",
            value=ref,
            remedy=f"Have it approved, or go back first: `leadbench policy rollback {name} --reason ...`.",
        )


class ChampionMoved(LeadbenchError):
    """A release over a model that does not score any more."""

    code = "stale_champion"

    def __init__(self, version: str, over: str, champion: str | None) -> None:
        now = f"model `{short(champion)}` scores" if champion else "no model was ever released"
        super().__init__(
            f"Model {version} was compared with `{short(over)}`, but {now} by now.",
            value=version,
            remedy="Compare it with the model that scores (`leadbench models compare`), then release it over that one.",
        )
