"""The commands of Train, Drift and Observability, asked of the permission table in core first."""

from app.commands import acting
from app.jobs import Work
from app.services import workbench
from core.decisions.store_outbox import OutboxStore
from core.governance.permissions import Permission
from core.recipes.document import TrainPart


def train(settings: TrainPart) -> Work:
    """The work of training the last recipe with these settings."""
    actor, runner = acting(Permission.TRAIN).name, workbench().runner
    return lambda progress, cancel: runner.train(actor=actor, settings=settings, progress=progress, cancel=cancel)


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
