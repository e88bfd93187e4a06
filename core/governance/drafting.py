"""A draft's content: what it has now, the next one, and what that takes back."""

from dataclasses import dataclass

from core.governance.errors import DraftUnknown
from core.governance.errors_release import DraftMoved
from core.governance.standing import WAITING, named
from core.governance.store import DraftStore
from core.kernel.database import Change
from core.policy.document import Policy
from core.policy.states import State
from core.policy.store import PolicyStore


@dataclass(frozen=True)
class Drafting:
    """The steps of drafts, each within the change that it belongs to."""

    policies: PolicyStore
    drafts: DraftStore

    def head(self, draft_id: str, change: Change | None = None) -> str:
        """The content hash that the draft has now; raises DraftUnknown."""
        head = self.drafts.head(draft_id, change)
        if head is None:
            raise DraftUnknown(draft_id)
        return head

    def edit(self, change: Change, policy: Policy, actor: str, draft_id: str, before: str | None) -> bool:
        """Give the draft its next content in place of the one before, if any; whether that is another."""
        if before == policy.content_hash:
            return False
        self.policies.put_draft(change, policy, actor)
        self.drafts.add(change, draft_id, policy.content_hash, actor)
        if before is not None:
            self.policies.record_action(change, policy.content_hash, "edited", actor)
            self._withdraw(change, before, actor)
            change.body["replaces"] = before
        change.body.update(draft_id=draft_id, **named(policy))
        return True

    def edit_from(self, change: Change, policy: Policy, actor: str, draft_id: str, head: str) -> bool:
        """Edit a draft that had the content `head` when the work began; raises DraftMoved where it has a third now."""
        now = self.head(draft_id, change)
        if now not in (head, policy.content_hash):
            raise DraftMoved(draft_id, now)
        return self.edit(change, policy, actor, draft_id, now)

    def _withdraw(self, change: Change, content_hash: str, actor: str) -> None:
        """Discard a draft's earlier content, whatever it had reached short of being published."""
        state = self.policies.get(content_hash, change).state
        if state not in WAITING:
            return
        if state in (State.SUBMITTED, State.APPROVED):
            self.policies.set_state(change, content_hash, State.CHANGES_REQUESTED)
        self.policies.set_state(change, content_hash, State.DISCARDED)
        self.policies.record_action(change, content_hash, "discarded", actor, "replaced by an edit of its draft")
