"""The commands of Policy studio and Approvals; core asks who may do what and binds approval to the content."""

from collections.abc import Callable
from datetime import datetime
from threading import Event

from app import session
from app.commands import acting
from app.jobs import Work
from app.queries.access import rooms
from core.governance import retention
from core.governance.permissions import Permission
from core.governance.standing import Standing
from core.kernel.ledger import Verification
from core.kernel.workers import Cancelled, Progress
from core.policy.document import Policy
from core.simulation.evidence import Evidence

FILE = "policy studio"
Command = Callable[[], object]


def actor() -> str:
    """The name of who is signed in; raises NoIdentity."""
    return rooms().users.identity(session.identity()).name


def save_draft(text: str, draft_id: str | None) -> tuple[str, Standing]:
    """Keep the text as a draft; the draft's id and the version."""
    return rooms().releases.draft(text, FILE, actor(), draft_id)


def submit(text: str, draft_id: str | None) -> Work:
    """The work of handing the text in for approval: checked, proved, simulated, then kept; gives its Standing."""
    name, releases = acting(Permission.SUBMIT).name, rooms().releases
    return lambda progress, cancel: releases.submit(text, FILE, name, draft_id, progress, cancel)


def simulate(before: Policy, after: Policy) -> Work:
    """The work of deciding every lead by both policies."""
    from core.simulation.on_store import simulate_on_store

    acting(Permission.SIMULATE)
    db = rooms().db
    return lambda progress, cancel: simulate_on_store(db, before, after, progress, cancel)


def study(before: Policy, after: Policy, mode: str, minutes: float) -> Work:
    """The work of a full simulation in the mode: who changes, harm, capacity, value."""
    from core.simulation.study import MODES, Question
    from core.simulation.study import study as answer

    acting(Permission.SIMULATE)
    db = rooms().db
    question = Question(before, after, next(one for one in MODES if one == mode), minutes=minutes)
    return lambda progress, cancel: answer(db, question, progress, cancel)


def keep(evidence: Evidence) -> Evidence:
    """Keep a simulation as evidence."""
    from core.simulation.store_evidence import EvidenceStore

    return EvidenceStore(rooms().db).keep(evidence, acting(Permission.SIMULATE).name)


def approve(ref: str, comment: str) -> Standing:
    """Approve a submitted version."""
    return rooms().releases.approve(ref, actor(), comment or None)


def request_changes(ref: str, comment: str) -> Standing:
    """Send a version back to its authors."""
    return rooms().releases.request_changes(ref, actor(), comment)


def refuse(ref: str, comment: str) -> Standing:
    """Refuse a version for good."""
    return rooms().releases.refuse(ref, actor(), comment)


def discard(ref: str) -> Standing:
    """Drop a draft."""
    return rooms().releases.discard(ref, actor())


def publish(ref: str, reason: str) -> Standing:
    """Let an approved version decide."""
    return rooms().releases.publish(ref, actor(), reason)


def publish_at(ref: str, reason: str, due_at: datetime) -> Standing:
    """Let an approved version decide at a later time."""
    return rooms().releases.later(ref, actor(), reason, due_at)


def break_glass(ref: str, reason: str, lasts: str) -> datetime:
    """Let a submitted version decide at once without its approvals; when that ends."""
    return rooms().releases.emergencies.break_glass(ref, actor(), reason, lasts)


def advance(name: str, reason: str) -> None:
    """Take the rollout of a policy to its next step."""
    rooms().releases.rollouts.advance(name, actor(), reason)


def comment(ref: str, text: str) -> bool:
    """Say something about a version; whether no review of it is due any more."""
    return rooms().releases.reviews.comment(ref, actor(), text)


def roll_back(name: str, reason: str, to: str | None) -> Standing:
    """Let an earlier version decide again."""
    return rooms().releases.rollback(name, actor(), reason, to)


def retire(plan_hash: str) -> int:
    """Approve a deletion of decisions that somebody else asked for, and carry it out; how many went."""
    planned, _ = retention.apply(rooms().db, plan_hash, actor(), rooms().users)
    return planned.leaves["count"]


def refuse_retirement(plan_hash: str, comment: str) -> None:
    """Refuse a deletion of decisions that somebody asked for."""
    retention.refuse(rooms().db, plan_hash, comment, actor(), rooms().users)


def approve_model(version: str, model_hash: str, comment: str) -> None:
    """Say as a second person that the model may decide live."""
    rooms().model_releases.approve_model(model_hash, version, actor(), comment or None)


def release_model(version: str, reason: str) -> None:
    """Make the model score as a second person; raises AuthorCannotApprove for whoever trained it."""
    by, found = actor(), rooms().models.version(version)
    rooms().models.get(found.version)
    rooms().model_releases.release(found.model_hash, found.version, by, reason)


def roll_back_model(reason: str) -> str:
    """Let the model that scored before the champion score again; its version."""
    return rooms().model_releases.roll_back(actor(), reason)


def verify() -> Verification:
    """Walk the ledger's chain."""
    acting(Permission.AUDIT)
    return rooms().db.verify()


def replay(*, decision_id: str | None = None, sample: int | None = None, seed: int = 7) -> Work:
    """The work of making stored decisions again and comparing them field by field."""
    from core.decisions.replay import replay as again

    acting(Permission.AUDIT)
    db, loaders = rooms().db, rooms().loaders
    return lambda progress, cancel: again(
        db, loaders, decision_id=decision_id, sample=sample, seed=seed, progress=cancellable(progress, cancel)
    )


def cancellable(progress: Progress, cancel: Event) -> Progress:
    """Progress that stops the work at its next word once it was cancelled."""

    def tell(done: float, text: str = "") -> None:
        if cancel.is_set():
            raise Cancelled("the replay")
        progress(done, text)

    return tell
