"""The draft on the desk: one text, seen as a form and as YAML, kept while its author looks at other pages."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from app import session
from app.queries import policies
from core.policy.store import StoredVersion

PARAMETER = "v"


@dataclass(frozen=True)
class Draft:
    """A text that began as a stored version (its reference); `kept` is the text as it was stored last."""

    ref: str
    text: str
    kept: str
    draft_id: str | None = None

    @property
    def is_changed(self) -> bool:
        """Whether there is something to save."""
        return self.text != self.kept


def current(live: StoredVersion) -> Draft:
    """The draft of the version that the address names, by default of the live one; raises PolicyUnknown."""
    ref = session.parameter(PARAMETER) or live.ref
    known = session.value(_key(ref))
    return known if known is not None else opened(policies.version(ref), ref)


def opened(version: StoredVersion, ref: str) -> Draft:
    """Put a stored version on the desk as it is."""
    draft = Draft(ref, version.source, version.source, policies.draft_of(version.content_hash))
    session.remember(_key(ref), draft)
    return draft


def edit(draft: Draft, change: Callable[[str], str]) -> None:
    """Change the text on the desk; the address names it from then on, also where another version goes live."""
    session.address({PARAMETER: draft.ref})
    latest = session.value(_key(draft.ref), draft)
    session.remember(_key(draft.ref), replace(latest, text=change(latest.text)))


def revert(draft: Draft) -> None:
    """Go back to the text as it was stored."""
    session.remember(_key(draft.ref), replace(draft, text=draft.kept))


def stored(draft: Draft, version: StoredVersion, draft_id: str | None) -> None:
    """The text was stored as this version: show that one from now on, and the old one as it was."""
    revert(draft)
    session.remember(_key(version.ref), Draft(version.ref, version.source, version.source, draft_id))
    session.address({PARAMETER: version.ref})


def _key(ref: str) -> str:
    return f"{session.DRAFT}policy_{ref}"
