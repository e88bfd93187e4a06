"""Refusals of the governance room."""

from collections.abc import Sequence

from core.kernel.canonical import short
from core.kernel.errors import LeadbenchError


class NoIdentity(LeadbenchError):
    """A command that writes without anybody named."""

    code = "no_identity"

    def __init__(self) -> None:
        super().__init__(
            "This writes to the store, and nobody is named as the one who does it.",
            remedy="Give --as USER or set LEADBENCH_USER; `leadbench users list` shows who there is.",
        )


class UserUnknown(LeadbenchError):
    """Nobody of that name, or somebody who was disabled."""

    code = "unknown_user"

    def __init__(self, name: str, near: str | None) -> None:
        hint = f"Did you mean `{near}`? " if near else ""
        super().__init__(
            f"There is no active user `{name}` in this store.",
            value=name,
            remedy=f"{hint}An admin adds one with `leadbench users add NAME --role ROLE`.",
        )


class UserExists(LeadbenchError):
    """A name that is taken."""

    code = "user_exists"

    def __init__(self, name: str, role: str) -> None:
        super().__init__(
            f"There is a user `{name}` already, with role `{role}`.",
            value=name,
            remedy="Choose another name, or disable that user first and add the name again.",
        )


class UserNameInvalid(LeadbenchError):
    """A name that cannot be a user's."""

    code = "invalid_user_name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"`{name}` cannot be a user's name.",
            value=name,
            remedy="Use 1 to 64 letters, digits, dots, dashes, underscores or @, beginning with a letter or digit.",
        )


class RoleUnknown(LeadbenchError):
    """A role that does not exist."""

    code = "unknown_role"

    def __init__(self, role: str, known: Sequence[str]) -> None:
        super().__init__(
            f"There is no role `{role}`.", value=role, remedy=f"Roles are {', '.join(f'`{name}`' for name in known)}."
        )


class LastAdmin(LeadbenchError):
    """Disabling the only admin."""

    code = "last_admin"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"`{name}` is the only admin, and without one nobody could add users.",
            value=name,
            remedy="Add another admin first.",
        )


class Forbidden(LeadbenchError):
    """Somebody's role does not allow this."""

    code = "forbidden"

    def __init__(self, name: str, role: str, permission: str, holders: Sequence[str]) -> None:
        may = ", ".join(f"`{holder}`" for holder in holders)
        super().__init__(
            f"`{name}` has role `{role}` and may not {permission}.",
            value=role,
            remedy=f"Ask somebody with role {may}, or act as one of them (`--as`; on the pages `Signed in as`).",
        )


class AuthorCannotApprove(LeadbenchError):
    """An approver who edited or submitted the version."""

    code = "author_cannot_approve"

    def __init__(self, ref: str, name: str) -> None:
        super().__init__(
            f"`{name}` edited or submitted `{ref}`, so somebody else has to approve it.",
            value=name,
            remedy="Ask a reviewer who never edited it; `leadbench users list` shows who reviews.",
        )


class AlreadyApproved(LeadbenchError):
    """A second approval by the same person."""

    code = "already_approved"

    def __init__(self, ref: str, name: str) -> None:
        super().__init__(
            f"`{name}` approved `{ref}` already.", value=name, remedy="Another reviewer's approval may be missing."
        )


class ApprovalsMissing(LeadbenchError):
    """Publishing before enough people approved."""

    code = "not_approved"

    def __init__(self, ref: str, state: str, found: int, needed: int) -> None:
        super().__init__(
            f"`{ref}` is `{state}` with {found} of {needed} approvals, so it cannot be published.",
            value=state,
            remedy="A reviewer who never edited it approves with `leadbench policy approve REF`; low risk needs one "
            "approver, medium and high need two.",
        )


class ParentConflict(LeadbenchError):
    """A version that was made against something that is no longer active."""

    code = "stale_parent"

    def __init__(self, ref: str, parent: str | None, active: str | None) -> None:
        super().__init__(
            f"`{ref}` was made against {_named(parent)}, but {_named(active)} is active now.",
            value=active,
            remedy=f"Compare the two, write the change on top of the active version (metadata.parent: {active}), "
            "and submit that.",
        )


def _named(content_hash: str | None) -> str:
    return f"`{short(content_hash)}`" if content_hash else "nothing"


class AlreadyActive(LeadbenchError):
    """Publishing or submitting what already decides."""

    code = "already_active"

    def __init__(self, ref: str) -> None:
        super().__init__(
            f"`{ref}` is the active version already.", value=ref, remedy="Nothing to do; change the document first."
        )


class NothingToRollBack(LeadbenchError):
    """A rollback with no earlier version to go to."""

    code = "nothing_to_roll_back"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"Policy `{name}` cannot be rolled back: {reason}.",
            value=name,
            remedy="See `leadbench policy history` for versions that were approved once, and name one of them.",
        )


class NoEarlierModel(LeadbenchError):
    """A rollback of models where none was released before."""

    code = "nothing_to_roll_back"

    def __init__(self) -> None:
        super().__init__(
            "No model was released before the one that scores.",
            remedy="See `leadbench models list`; release another model with `leadbench models release VERSION`.",
        )


class NeverApproved(LeadbenchError):
    """A rollback to a version that nobody ever approved."""

    code = "never_approved"

    def __init__(self, ref: str) -> None:
        super().__init__(
            f"`{ref}` was never approved, so it cannot be rolled back to.",
            value=ref,
            remedy="Name one that was, with --to; or edit it, then submit the new version and have that approved.",
        )


class DraftUnknown(LeadbenchError):
    """No draft of that id."""

    code = "unknown_draft"

    def __init__(self, draft_id: str) -> None:
        super().__init__(
            f"There is no draft `{draft_id}`.", value=draft_id, remedy="Open the draft again from the policy studio."
        )


class AlreadyBootstrapped(LeadbenchError):
    """The shipped policy on a store that already has a published one."""

    code = "already_bootstrapped"

    def __init__(self, names: Sequence[str]) -> None:
        active = ", ".join(f"`{name}`" for name in names)
        super().__init__(
            f"A policy is active already ({active}), so the shipped default does not enter by itself.",
            value=", ".join(names),
            remedy="Submit the policy and have it approved by somebody else.",
        )


class KeyUnknown(LeadbenchError):
    """A write key that is not there, or was revoked."""

    code = "unknown_key_id"

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"There is no active write key `{key_id}`.",
            value=key_id,
            remedy="List them with `leadbench keys list`.",
        )


class SourceNameInvalid(LeadbenchError):
    """A name that cannot be a source's label."""

    code = "invalid_source_name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"`{name}` cannot be the name of a source.",
            value=name,
            remedy="Use 1 to 64 lower-case letters, digits, `-`, `_` or `.`, such as `web-site`.",
        )


class FeatureUsed(LeadbenchError):
    """A feature that models or policies read, so that it cannot be forgotten."""

    code = "feature_used"

    def __init__(self, name: str, users: Sequence[str]) -> None:
        more = f" and {len(users) - 5} more" if len(users) > 5 else ""
        super().__init__(
            f"`{name}` is read by {', '.join(users[:5])}{more}.",
            value=name,
            remedy="Their decisions are made again with it, so it stays; a new set may leave it out.",
        )
