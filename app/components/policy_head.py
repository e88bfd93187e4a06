"""The head of Policy studio: what is on the desk, and its three buttons."""

import streamlit as st

from app import session
from app.components import permitted, policy_draft, policy_release
from app.components.policy_draft import Draft
from app.queries import policies
from core.governance.permissions import Permission
from core.policy.store import StoredVersion


def caption(draft: Draft, live: StoredVersion) -> str:
    """What is on the desk and what it is compared with."""
    shown = policies.title(policies.version(draft.ref))
    changed = " with unsaved edits" if draft.is_changed else ""
    return f"**{shown}**{changed}, compared with live **{policies.title(live)}** on the leads as they stand"


def buttons(draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw the choice of a version, Save draft and Request approval."""
    with st.popover("Versions", icon=":material/history:"):
        _versions(draft, key)
    if st.button(
        "Save draft",
        icon=":material/save:",
        key=f"{key}_save",
        shortcut="S",
        **permitted.by(Permission.SUBMIT, disabled=not draft.is_changed),
    ):
        policy_release.save(draft)
    why = _why_not(draft, live)
    if st.button(
        "Request approval", type="primary", icon=":material/verified_user:", key=f"{key}_submit",
        **permitted.by(Permission.SUBMIT, disabled=why is not None, help=why),
    ):  # fmt: skip
        policy_release.submit(draft)


def to_live(key: str) -> None:
    """Draw the way from a version that is not known to the one that decides."""
    forget = {"on_click": session.address, "args": ({policy_draft.PARAMETER: None},)}
    st.button("Open the version that decides", key=f"{key}_to_live", icon=":material/arrow_forward:", **forget)


def _why_not(draft: Draft, live: StoredVersion) -> str | None:
    """Why the text on the desk cannot be handed in, None where it can."""
    if policies.checked(draft.text).policy is None:
        return "Check says what has to be mended first."
    if draft.text == live.source:
        return "Nothing differs from the version that decides."
    standing = policy_release.known(draft)
    return None if standing is None else policy_release.HANDED_IN.get(standing.version.state)


def _versions(draft: Draft, key: str) -> None:
    known = policies.versions()
    refs = [one.ref for one in known]
    labels = {one.ref: policies.label(one) for one in known}
    st.selectbox(
        "Open a version", refs, index=refs.index(draft.ref) if draft.ref in refs else None, key=f"{key}_version",
        format_func=labels.__getitem__, on_change=_open, args=(f"{key}_version",),
    )  # fmt: skip
    if st.button("Drop my edits", icon=":material/undo:", key=f"{key}_revert", disabled=not draft.is_changed):
        policy_draft.revert(draft)
        st.rerun()
    st.download_button(
        "YAML", data=draft.text, file_name=f"{draft.ref.partition('@')[0]}.yaml", key=f"{key}_yaml_file",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _open(key: str) -> None:
    session.address({policy_draft.PARAMETER: session.value(key)})
