"""What waits between draft and publishing, with the evidence, and the words of those who decide about it."""

import streamlit as st

from app import navigation, release_commands, session
from app.components import chart, empty_state, glossary, policy_checks, policy_release, policy_simulation
from app.components.policy_steps import simulated
from app.feedback import done, refusals
from app.queries import policies
from core.governance.history import InboxItem
from core.governance.standing import Standing
from core.policy.states import State
from core.policy.store import StoredVersion

PARAMETER = "v"


def show(live: StoredVersion | None, key: str) -> None:
    """Draw the waiting versions and models; the one that is chosen with its evidence."""
    items, models = policies.inbox(), policies.waiting_models()
    if not items and not models:
        empty_state.link("Nothing waits for you.", page="policy", action="Open Policy studio", icon="done_all")
        return
    left, right = st.columns([1, 2.4], gap="small")
    with left:
        for version, model_hash, trainer in models:
            model(version, model_hash, trainer, key)
        chosen = choose(items, key)
    with right:
        if chosen is not None:
            evidence(chosen, live, key)
        else:
            empty_state.link("No policy version waits.", page="policy", action="Open Policy studio", icon="done_all")


def choose(items: list[InboxItem], key: str) -> InboxItem | None:
    """Draw the list; the version that is chosen, by default the one that the address names."""
    if not items:
        return None
    with chart.card("Waiting", glossary.term("release_state")):
        refs = [item.standing.version.ref for item in items]
        asked = session.parameter(PARAMETER, refs[0])
        session.remember(f"{key}_item", asked if asked in refs else refs[0])
        by_ref = dict(zip(refs, items, strict=True))
        ref = st.radio(
            "Version", refs, key=f"{key}_item", label_visibility="collapsed", on_change=_open, args=(f"{key}_item",),
            format_func=lambda one: f"{one} · {by_ref[one].standing.version.state.value.replace('_', ' ')}",
            captions=[_waits(item) for item in items],
        )  # fmt: skip
    return by_ref[ref]


def _open(key: str) -> None:
    session.address({PARAMETER: session.value(key)})


def _waits(item: InboxItem) -> str:
    authors = ", ".join(sorted(item.standing.authors))
    yours = " · waits for you" if item.may_approve else ""
    return f"by {authors} since {item.waits_since:%d %b, %H:%M}{yours}"


def model(version: str, model_hash: str, trainer: str, key: str) -> None:
    """Draw a model that nobody but its maker has seen, and the button that trusts it."""
    with chart.card(f"Model {version}", glossary.term("trial")):
        st.markdown(f"Trained by **{trainer}**. Until a second person approves it, decisions are a trial.")
        comment = st.text_input("Comment", key=f"{key}_model_comment", placeholder="What was looked at")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Approve model", key=f"{key}_model_approve", icon=":material/verified_user:"):
                with refusals():
                    release_commands.approve_model(version, model_hash, comment.strip())
                    done(f"Model {version} is approved: what it decides from now on is live.")
                    st.rerun()
            st.page_link(navigation.script("train"), label="Its figures", icon=":material/arrow_forward:")


def evidence(item: InboxItem, live: StoredVersion | None, key: str) -> None:
    """Draw who made it, what differs, the checks, the simulation, and the commands open in its state."""
    standing = item.standing
    version = standing.version
    with chart.card(policies.title(version)):
        policy_release.facts(standing)
        rationale = version.policy.document.metadata.rationale
        st.markdown(f"> {rationale.strip()}" if rationale else ":gray[No rationale was written.]")
        commands(standing, f"{key}_{version.content_hash[7:15]}")
    if live is None:
        return
    first, second = st.columns([1.5, 1], gap="small")
    with first:
        policy_checks.differences(live.source, version.source, f"Changes from {policies.title(live)}")
    with second:
        policy_checks.card(version.source, live)
    found = simulated(version.source, live)
    if found is not None:
        policy_simulation.figures(found, f"{key}_figures")
        policy_simulation.moves(found, live, f"{key}_moves")
        policy_simulation.evidence(found)


def commands(standing: Standing, key: str) -> None:
    """Draw what can be done in this state; who may do it is decided in core."""
    version = standing.version
    if version.state is State.SUBMITTED:
        _review(version, key)
    elif version.state is State.APPROVED:
        policy_release.publish_form(standing, key)
    elif version.state in (State.DRAFT, State.CHANGES_REQUESTED):
        with st.container(horizontal=True):
            st.page_link(
                navigation.script("policy"), label="Edit in Policy studio", icon=":material/edit_note:",
                query_params={PARAMETER: version.ref},
            )  # fmt: skip
            if st.button("Discard", key=f"{key}_discard", icon=":material/delete:"):
                _done(lambda: release_commands.discard(version.ref), f"{version.ref} is discarded.")


def _review(version: StoredVersion, key: str) -> None:
    comment = st.text_input("Comment", key=f"{key}_comment", placeholder="What was looked at; needed for a no").strip()
    with st.container(horizontal=True):
        if st.button("Approve", type="primary", key=f"{key}_approve", icon=":material/check:", shortcut="A"):
            _done(lambda: release_commands.approve(version.ref, comment), f"You approved {version.ref}.")
        if st.button("Request changes", key=f"{key}_changes", icon=":material/rate_review:"):
            _done(lambda: release_commands.request_changes(version.ref, comment), f"{version.ref} goes back.")
        if st.button("Refuse", key=f"{key}_refuse", icon=":material/block:"):
            _done(lambda: release_commands.refuse(version.ref, comment), f"{version.ref} is refused.")


def _done(command: release_commands.Command, text: str) -> None:
    with refusals():
        command()
        done(text)
        st.rerun()
