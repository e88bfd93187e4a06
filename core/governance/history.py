"""What the Approvals page and `policy history` read: versions with their people, the inbox, what is active."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.governance.releases import Releases
from core.governance.standing import WAITING, Standing
from core.kernel.times import to_text
from core.policy.states import State
from core.policy.store import StoredVersion


@dataclass(frozen=True)
class InboxItem:
    """A version that waits for somebody, and whether the one who looks may approve it."""

    standing: Standing
    waits_since: datetime
    may_approve: bool


def active(releases: Releases, name: str | None = None) -> StoredVersion | None:
    """The version that decides: of the name, or the one published last of all."""
    names = [name] if name else releases.policies.active_names()
    found = [version for one in names if (version := releases.policies.active(one))]
    return max(found, key=lambda version: (version.entered_at, version.name), default=None)


def history(releases: Releases, name: str | None = None) -> dict[str, Any]:
    """The object of `policy history [NAME]`, newest version first."""
    deciding = active(releases, name)
    return {
        "active": _active_json(deciding) if deciding else None,
        "versions": [_version_json(releases, version) for version in releases.policies.history(name)],
    }


def inbox(releases: Releases, viewer: str, *, may_review: bool) -> list[InboxItem]:
    """Everything between draft and publishing, longest waiting first."""
    waiting = [version for version in releases.policies.history() if version.state in WAITING]
    standings = [releases.standing(version.content_hash) for version in waiting]
    items = [InboxItem(one, one.version.entered_at, may_review and _open_to(one, viewer)) for one in standings]
    return sorted(items, key=lambda item: (item.waits_since, item.standing.version.content_hash))


def _open_to(standing: Standing, viewer: str) -> bool:
    submitted = standing.version.state is State.SUBMITTED
    return submitted and viewer not in standing.authors and viewer not in standing.approvers


def _active_json(version: StoredVersion) -> dict[str, object]:
    return {"name": version.name, "version": version.version, "content_hash": version.content_hash}


def _version_json(releases: Releases, version: StoredVersion) -> dict[str, object]:
    actions = releases.policies.actions(version.content_hash)
    return {
        "name": version.name,
        "ref": version.ref,
        "version": version.version,
        "content_hash": version.content_hash,
        "state": version.state.value,
        "parent": version.parent,
        "at": to_text(version.entered_at),
        "actors": list(dict.fromkeys(action.actor for action in actions)),
    }
