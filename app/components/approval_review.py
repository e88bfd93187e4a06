"""A review that is due in the inbox: an emergency until somebody looked at it, or what a rollback brought back."""

import streamlit as st

from app import release_commands
from app.components import badges, chart, permitted, policy_checks, policy_release
from app.feedback import done, refusals
from app.queries import policies
from core.governance.permissions import Permission
from core.governance.reviews import Review
from core.policy.store import StoredVersion

WORDS = {"emergency": "decided without its approvals", "rollback": "decides again after a rollback"}

SAID = "Your comment is in the record; the review is for a reviewer who did not bring this about."


def name(review: Review) -> str:
    """How the list names it."""
    word = "emergency" if review.kind == "emergency" else "after a rollback"
    return f"{policies.title(review.version)} · {word}{'' if review.is_open else ' · review due'}"


def told(review: Review) -> str:
    """Since when, and by whom."""
    until = f", until {review.until:%d %b, %H:%M}" if review.is_open and review.until else ""
    return f"by {review.by} since {review.at:%d %b, %H:%M}{until}"


def show(review: Review, key: str) -> None:
    """Draw what happened and why, the changes, and what may be done about it."""
    version = review.version
    with chart.card(policies.title(version)):
        colour, word = ("red", "decides without its approvals") if review.is_open else ("orange", WORDS[review.kind])
        badges.show(f":{colour}-badge[:material/emergency: {review.kind}]", word, told(review))
        st.markdown(f"> {review.reason}" if review.reason else ":gray[No reason was written.]")
        policy_release.facts(policies.standing(version.content_hash))
        _commands(review, key)
        policy_release.done_so_far(version)
    before = _before(review)
    if before is not None:
        policy_checks.differences(
            before.source, version.source, f"From {policies.title(before)} to {policies.title(version)}"
        )


def _before(review: Review) -> StoredVersion | None:
    """What it is compared with: an emergency with its parent, what came back with what was taken back."""
    if review.kind == "rollback":
        return policies.taken_back(review.version.name)
    parent = review.version.parent
    return policies.version(parent) if parent else None


def _commands(review: Review, key: str) -> None:
    version = review.version
    comment = st.text_input("What you saw", key=f"{key}_comment", placeholder="Goes into the ledger").strip()
    with st.container(horizontal=True):
        if st.button("Reviewed", type="primary", key=f"{key}_reviewed", icon=":material/task_alt:"):
            with refusals():
                is_settled = release_commands.comment(version.content_hash, comment)
                done("Your review is in the record." if is_settled else SAID)
                st.rerun()
        if review.is_open:
            _of_open_glass(version, comment, key)


def _of_open_glass(version: StoredVersion, comment: str, key: str) -> None:
    if st.button(
        "Approve afterwards", key=f"{key}_approve", icon=":material/check:", **permitted.by(Permission.APPROVE)
    ):
        with refusals():
            release_commands.approve(version.content_hash, comment)
            done(f"You approved {version.ref}.")
            st.rerun()
    if st.button("Go back now", key=f"{key}_back", icon=":material/undo:", **permitted.by(Permission.ROLL_BACK)):
        with refusals():
            back = release_commands.roll_back(version.name, comment, None)
            done(f"{policies.title(back.version)} decides again.")
            st.rerun()
