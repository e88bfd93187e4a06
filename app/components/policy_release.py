"""The last steps of a policy: who may approve it, and letting it decide."""

from datetime import UTC

import streamlit as st

from app import jobs, navigation, release_commands, session
from app.components import badges, chart, glossary, permitted, policy_draft, rollout
from app.components.policy_draft import Draft
from app.feedback import done, refusals
from app.queries import policies
from core.governance.permissions import Permission
from core.governance.standing import Standing
from core.policy.errors import PolicyUnknown
from core.policy.states import State
from core.policy.store import StoredVersion

REQUEST = "Request for approval"
TOLD = "policy_request_told"
PATIENCE = 2.0
STATES = {
    State.DRAFT: "Its author can hand it in for approval.",
    State.SUBMITTED: "It waits for somebody who never edited it.",
    State.CHANGES_REQUESTED: "A reviewer asked for changes; edit it and hand it in again.",
    State.REFUSED: "A reviewer said no; it will not be published as it is.",
    State.APPROVED: "It may be published.",
    State.PUBLISHED: "It decides now.",
    State.SUPERSEDED: "A later version took its place.",
    State.ROLLED_BACK: "It was taken back.",
    State.DISCARDED: "It was given up.",
    State.EXPIRED: "Its time is over.",
}

HANDED_IN = {state: STATES[state] for state in (State.SUBMITTED, State.APPROVED, State.PUBLISHED)}


def save(draft: Draft) -> None:
    """Keep the text on the desk as a draft and show it from now on."""
    with refusals():
        draft_id, standing = release_commands.save_draft(draft.text, draft.draft_id)
        policy_draft.stored(draft, standing.version, draft_id)
        done(f"Draft {standing.version.ref} is kept.")
        st.rerun()


def submit(draft: Draft) -> None:
    """Hand the text on the desk in for approval: a job, since the evidence is a simulation of every lead."""
    with refusals():
        jobs.start(REQUEST, release_commands.submit(draft.text, draft.draft_id), _subject(draft)).wait(PATIENCE)
        st.rerun()


def requested(draft: Draft) -> jobs.Job | None:
    """The request for approval of the text on the desk, at work or ended; None once it was told as handed in."""
    job = jobs.current(REQUEST)
    if job is None or job.subject != _subject(draft):
        return None
    return None if job.result is not None and session.value(TOLD, "") == job.job_id else job


def request(draft: Draft) -> None:
    """Draw how far the request for approval is and how it ended; once it is handed in, show that version."""
    job = requested(draft)
    if job is None:
        return
    if job.result is None:
        jobs.show(job, f"policy_request_{job.job_id[-8:]}")
        return
    standing = job.result
    session.remember(TOLD, job.job_id)
    policy_draft.stored(draft, standing.version, draft.draft_id)
    done(f"{standing.version.ref} waits for approval ({len(standing.approvers)} of {standing.needed}).")
    st.rerun()


def _subject(draft: Draft) -> str:
    found = policies.checked(draft.text).policy
    return found.content_hash if found else draft.ref


def known(draft: Draft) -> Standing | None:
    """The stored version that the text on the desk is, None where it was not kept yet."""
    report = policies.checked(draft.text)
    if report.policy is None:
        return None
    try:
        return policies.standing(report.policy.content_hash)
    except PolicyUnknown:
        return None


def approve_step(draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw where the version stands between its makers and its checkers."""
    standing = known(draft)
    left, right = st.columns([1, 1.4], gap="small")
    with left, chart.card("Who says so", glossary.term("four_eyes")):
        if standing is None:
            st.markdown("This text is not kept yet. **Save draft**, then **Request approval**.")
        else:
            facts(standing)
            done_so_far(standing.version)
    with right:
        _next(standing, draft, key)
        on_the_way(draft.ref)


def _next(standing: Standing | None, draft: Draft, key: str) -> None:
    with chart.card("Next"):
        if standing is None or standing.version.state in (State.DRAFT, State.CHANGES_REQUESTED, State.DISCARDED):
            st.markdown("Approval binds to exactly this content: any edit afterwards voids it.")
            if st.button(
                "Request approval",
                type="primary",
                key=f"{key}_submit",
                icon=":material/verified_user:",
                **permitted.by(Permission.SUBMIT),
            ):
                submit(draft)
        elif standing.version.state is State.PUBLISHED:
            st.markdown(
                "Nothing to approve: the desk holds the version that decides. **Draft** is where a change begins."
            )
        else:
            st.markdown(STATES[standing.version.state])
            st.page_link(
                navigation.script("approvals"), label="Open in Approvals", icon=":material/arrow_forward:",
                query_params={"v": standing.version.ref},
            )  # fmt: skip


def on_the_way(ref: str) -> None:
    """Draw the other versions between draft and publishing, with who made them; nothing where there are none."""
    others = [item.standing for item in policies.inbox() if item.standing.version.ref != ref]
    if not others:
        return
    with chart.card("Also on the way"):
        for one in others:
            with st.container(horizontal=True, vertical_alignment="center"):
                made = f":gray[by {', '.join(sorted(one.authors))}]"
                badges.show(badges.state(one.version.state.value), f"`{one.version.ref}`", made)
                st.page_link(
                    navigation.script("policy"), label="Put on the desk", icon=":material/arrow_forward:",
                    query_params={"v": one.version.ref, "step": "approve"}, width="content",
                )  # fmt: skip


def facts(standing: Standing) -> None:
    """Draw state, authors, approvals given and needed."""
    version = standing.version
    named = f"**{policies.title(version)}**" if version.version else ""
    badges.show(badges.state(version.state.value), named, f"`{version.ref}`")
    authors = ", ".join(sorted(standing.authors)) or "shipped with leadbench"
    told = f"Made by **{authors}** · risk **{version.risk_class}**"
    if version.state in (State.SUBMITTED, State.APPROVED):
        given = ", ".join(standing.approvers) or "nobody yet"
        told += f" · approved by **{given}**, {len(standing.approvers)} of {standing.needed} needed"
    st.markdown(told)
    st.caption(STATES[version.state])


def done_so_far(version: StoredVersion) -> None:
    """Draw who did what to a version, in order."""
    for action in policies.actions(version.content_hash):
        title = f"{action.kind.replace('_', ' ').capitalize()} :gray[· {action.actor} · {action.at:%d %b %Y, %H:%M}]"
        with st.expander(title, type="step"):
            st.caption(action.comment or "No comment.")


def roll_out_step(draft: Draft, live: StoredVersion, key: str) -> None:
    """Draw what publishing would do, and the button that does it."""
    standing = known(draft)
    left, right = st.columns([1, 1.4], gap="small")
    with left, chart.card("Decides now"):
        badges.show(badges.state(live.state.value), f"**{policies.title(live)}** `{live.ref}`")
        st.caption(f"Since {live.entered_at:%d %b %Y, %H:%M} UTC.")
        done_so_far(live)
    with right:
        with chart.card("Publish", "The version before it stays and can be rolled back to."):
            if standing is None or standing.version.content_hash == live.content_hash:
                st.markdown("Nothing to publish: the desk holds the live version, or a text that was not kept yet.")
            else:
                facts(standing)
                if standing.version.state is State.APPROVED:
                    publish_form(standing, key)
        rollout.show(live, f"{key}_rollout")
        on_the_way(draft.ref)


def publish_form(standing: Standing, key: str) -> None:
    """Draw what the rollout needs, the reason, and the buttons that let a version decide now or at a time."""
    plan = standing.version.policy.document.rollout
    if plan and plan.strategy == "canary":
        rollout.power(next((one.pct / 100 for one in plan.steps if one.pct > 0), 0.05), key)
    reason = st.text_input("Reason", key=f"{key}_reason", placeholder="Goes into the ledger")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = "Start canary" if plan and plan.strategy == "canary" else "Publish"
        if st.button(
            label,
            type="primary",
            key=f"{key}_publish",
            icon=":material/rocket_launch:",
            **permitted.by(Permission.PUBLISH),
        ):
            with refusals():
                published = release_commands.publish(standing.version.content_hash, reason)
                done(f"{policies.title(published.version)} decides from now on.")
                st.rerun()
        with st.popover("Later", icon=":material/schedule:", **permitted.by(Permission.PUBLISH)):
            due = st.datetime_input("At (UTC)", value=None, key=f"{key}_due")
            if st.button("Schedule", key=f"{key}_later", disabled=due is None) and due is not None:
                with refusals():
                    release_commands.publish_at(standing.version.content_hash, reason, due.replace(tzinfo=UTC))
                    done("It is published then.")
                    st.rerun()


def glass_form(version: StoredVersion, key: str) -> None:
    """Draw the emergency: reason, how long, and a button that lets the version decide without its approvals."""
    with st.popover("Emergency", icon=":material/emergency:", **permitted.by(Permission.PUBLISH)):
        st.markdown("Decides at once **without its approvals**, for at most four hours; listed for ever.")
        reason = st.text_input("What is on fire", key=f"{key}_fire")
        lasts = st.segmented_control("For", ["30m", "1h", "2h", "4h"], default="1h", required=True, key=f"{key}_lasts")
        if st.button("Break the glass", key=f"{key}_glass"):
            with refusals():
                ends = release_commands.break_glass(version.content_hash, reason, str(lasts))
                done(f"{version.ref} decides until {ends:%H:%M} UTC.")
                st.rerun()
