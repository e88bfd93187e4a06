"""The commands of Leads, Train, Drift, Observability and contests, asked of the permission table in core first."""

from collections.abc import Mapping, Sequence

from app.commands import acting
from app.jobs import Work
from app.services import workbench
from core.decisions.store_outbox import OutboxStore
from core.governance.contests import Asked
from core.governance.feedback import Verdict
from core.governance.overrides import Override, Placed
from core.governance.permissions import Permission
from core.recipes import contesting
from core.recipes.arriving import Choice
from core.recipes.document import TrainPart


def train(settings: TrainPart, features: str | None = None) -> Work:
    """The work of training the last recipe with these settings, on a registered feature set where one is named."""
    actor, runner = acting(Permission.TRAIN).name, workbench().runner
    return lambda progress, cancel: runner.train(
        actor=actor, settings=settings, features=features, progress=progress, cancel=cancel
    )


def score() -> Work:
    """The work of deciding every open lead on what is known now."""
    actor, runner = acting(Permission.SCORE).name, workbench().runner
    return lambda progress, cancel: runner.score(actor=actor, progress=progress, cancel=cancel)


def drift(reference: str | None = None, current: str | None = None) -> Work:
    """The work of comparing two populations of leads, by default those of the recipe."""
    actor, runner = acting(Permission.ASSESS).name, workbench().runner
    return lambda progress, cancel: runner.drift(
        actor=actor, reference=reference, current=current, progress=progress, cancel=cancel
    )


def performance() -> Work:
    """The work of judging what became of scored leads."""
    actor, runner = acting(Permission.ASSESS).name, workbench().runner
    return lambda progress, cancel: runner.performance(actor=actor, progress=progress, cancel=cancel)


def retry_messages() -> int:
    """Let every dead message wait for delivery anew; how many there were."""
    box = OutboxStore(workbench().db)
    return box.retry(box.dead(), acting(Permission.SCORE).name)


def contest(lead_id: str, reason: str) -> Asked:
    """Contest the lead's newest decision: it is held for a person."""
    rooms, actor = workbench().rooms, acting(Permission.CONTEST).name
    return contesting.contest(rooms, Choice(rooms), lead_id, reason, actor)


def settle_contest(contest_id: str, verdict: str, comment: str) -> None:
    """Note a person's word on a contested decision."""
    rooms, actor = workbench().rooms, acting(Permission.REVIEW).name
    contesting.settle(rooms, Choice(rooms), contest_id, verdict, comment, actor)


def override(said: Override, lead_ids: Sequence[str]) -> Placed:
    """Overrule the decisions of those of these leads that are open to it by hand; the action and whom it reached."""
    return workbench().rooms.overrides.place_where_possible(said, lead_ids, acting(Permission.OVERRIDE).name)


def end_override(override_id: str, lead_id: str | None = None) -> int:
    """Take an override back, on one lead or on all; on how many it stood."""
    return workbench().rooms.overrides.end(override_id, acting(Permission.OVERRIDE).name, lead_id)


def give_feedback_to(verdicts: Mapping[str, Verdict | None]) -> None:
    """Say of each of these leads what it is worth, or take it back (None)."""
    workbench().rooms.feedback.give_to(verdicts, acting(Permission.NOTE).name)
