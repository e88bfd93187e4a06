"""The commands of the pages: each asks the permission table in core, then changes the store or gives a job its work."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

from app import session
from app.jobs import Work
from app.queries.access import database, hidden_besides, rooms
from core.features.document import FeatureSet
from core.governance import erasing
from core.governance.erasing import Erased
from core.governance.feedback import Verdict
from core.governance.permissions import Permission
from core.governance.users import User
from core.kernel import console, strict_yaml
from core.kernel.database import Database
from core.kernel.errors import QueryCancelled
from core.kernel.workers import Cancelled


def acting(permission: Permission) -> User:
    """Who is signed in; raises NoIdentity, UserUnknown and Forbidden."""
    users = rooms().users
    return users.require(users.identity(session.identity()).name, permission)


def register_features(feature_set: FeatureSet) -> str:
    """Keep a feature set; its behaviour hash."""
    return rooms().features.register(feature_set, acting(Permission.BUILD).name)


def discard(ids: list[str], reason: str) -> int:
    """Give up quarantined records; how many."""
    return rooms().signals.discard(ids, reason=reason, actor=acting(Permission.IMPORT).name)


def unmerge(lead_id: str, reason: str) -> str:
    """Separate an id from its lead; that lead's id."""
    return rooms().signals.unmerge(lead_id, reason=reason, actor=acting(Permission.CURATE).name)


def erase(lead_id: str, request_id: str) -> Erased:
    """Shred the keys of a person's personal values; what still holds something of them."""
    return erasing.erase(database(), lead_id, request_id, acting(Permission.ERASE).name, rooms().users)


def confirm_contract(source: str, text: str) -> None:
    """Make the contract that a YAML text says hold for the source."""
    actor = acting(Permission.CURATE).name
    document, _ = strict_yaml.load(text, file="the contract")
    rooms().signals.sources.confirm(source, document if isinstance(document, dict) else {}, actor)


def close_breaker(source: str, reason: str) -> None:
    """Let a source in again."""
    rooms().signals.sources.close(source, reason, acting(Permission.CURATE).name)


def give_feedback(lead_id: str, verdict: Verdict | None) -> None:
    """Say what a ranked lead is worth, or take it back."""
    rooms().feedback.give(lead_id, verdict, acting(Permission.NOTE).name)


def save_view(page: str, name: str, parameters: Mapping[str, Any], *, shared: bool) -> None:
    """Keep what a page is narrowed to."""
    rooms().views.save(page, name, parameters, acting(Permission.NOTE).name, shared=shared)


def drop_view(page: str, name: str) -> None:
    """Forget a view of one's own."""
    rooms().views.drop(page, name, acting(Permission.NOTE).name)


def annotate(at: datetime, content: str) -> None:
    """Mark a moment on the charts over time."""
    rooms().annotations.add(at, content, acting(Permission.NOTE).name)


def remove_annotation(annotation_id: str, *, undo: bool = False) -> None:
    """Take a mark away, or bring it back."""
    rooms().annotations.remove(annotation_id, acting(Permission.NOTE).name, undo=undo)


def import_file(kind: str, path: Path, mapping: Mapping[str, Any], *, source: str | None, dry_run: bool) -> Work:
    """The work of loading a file of a source, or of counting what loading it would do."""
    actor, signals = acting(Permission.IMPORT).name, rooms().signals
    return lambda progress, cancel: signals.import_file(
        kind, path, mapping, format=source, actor=actor, dry_run=dry_run, progress=progress, cancel=cancel
    )


def import_outcomes(source: Mapping[str, Any], *, dry_run: bool) -> Work:
    """The work of taking outcomes from events or from a column of the leads."""
    actor, signals = acting(Permission.IMPORT).name, rooms().signals
    return lambda progress, cancel: signals.import_outcomes(
        source, actor=actor, dry_run=dry_run, progress=progress, cancel=cancel
    )


def redrive(ids: list[str]) -> Work:
    """The work of sending quarantined records through the gate again."""
    actor, signals = acting(Permission.IMPORT).name, rooms().signals
    return lambda progress, cancel: signals.redrive(ids, actor=actor)


def query(text: str, limit: int) -> Work:
    """The work of a console query, stopped where the job is cancelled; what may not run is refused at once."""
    store = database()
    console.checked(text, console.views(store))
    hidden = hidden_besides(acting(Permission.READ).role)
    if hidden:
        raise console.QueryForbidden(
            f"Your role does not see {', '.join(hidden)}, and a query could show that under another name.",
            hidden,
            "Use the pages, or ask somebody who sees it.",
        )
    return lambda progress, cancel: _answer(store, text, limit, cancel)


def _answer(store: Database, text: str, limit: int, cancel: Event) -> console.Answer:
    running, finished = console.Running(), Event()
    Thread(target=_stop_when, args=(cancel, finished, running), daemon=True).start()
    try:
        return console.run(store, text, limit, running)
    except QueryCancelled as error:
        raise Cancelled("the query") from error
    finally:
        finished.set()


def _stop_when(cancel: Event, finished: Event, running: console.Running) -> None:
    while not finished.wait(0.1):
        if cancel.is_set():
            running.cancel()
            return
