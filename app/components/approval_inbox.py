"""What waits for a second person, each with its evidence and what may be done about it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from app import navigation, release_commands, session
from app.components import (
    approval_contest,
    approval_model,
    approval_retention,
    approval_review,
    chart,
    empty_state,
    glossary,
    permitted,
    policy_checks,
    policy_release,
    policy_simulation,
    review_page,
)
from app.components.policy_simulating import simulated
from app.feedback import done, refusals
from app.queries import contests, policies, retention
from core.governance.history import InboxItem
from core.governance.permissions import Permission
from core.policy.states import State
from core.policy.store import StoredVersion

PARAMETER = "v"
OWN = "You made this version, or you have approved it: somebody else has to."


@dataclass(frozen=True)
class Waiting:
    """One thing that waits: its name and since when in the list, and how its evidence is drawn."""

    name: str
    told: str
    draw: Callable[[], None]


def show(live: StoredVersion | None, key: str) -> None:
    """Draw the list of what waits, and the evidence of the one that is chosen."""
    found = waiting(live, key)
    if not found:
        empty_state.link("Nothing waits for you.", page="policy", action="Open Policy studio", icon="done_all")
        return
    left, right = st.columns([1, 2.9], gap="small")
    with left, chart.card("Waiting", glossary.term("release_state")):
        chosen = choose(found, key)
    with right:
        chosen.draw()


def waiting(live: StoredVersion | None, key: str) -> dict[str, Waiting]:
    """What waits by the word that the address uses: reviews, contests, versions, the newest model, then deletions."""
    found: dict[str, Waiting] = {}
    for review in policies.reviews():
        draw = partial(approval_review.show, review, f"{key}_{review.kind}_{review.version.content_hash[7:15]}")
        found[f"{review.kind}-{review.version.ref}"] = Waiting(
            approval_review.name(review), approval_review.told(review), draw
        )
    for one in contests.waiting():
        name, told = f"{one['lead']} · contested", approval_contest.told(one)
        draw = partial(approval_contest.show, one, f"{key}_{one['contest_id']}")
        found[one["contest_id"]] = Waiting(name, told, draw)
    for item in policies.inbox():
        version = item.standing.version
        name = f"{version.ref} · {version.state.value.replace('_', ' ')}"
        found[version.ref] = Waiting(name, _since(item), partial(evidence, item, live, key))
    for version, _, trainer in policies.waiting_models():
        draw = partial(approval_model.show, version, f"{key}_model")
        found[f"model-{version}"] = Waiting(f"Model {version} · trained", f"by {trainer}; decides as a trial", draw)
    for row in retention.waiting():
        word = row["plan"][7:19]
        draw = partial(approval_retention.show, row, f"{key}_{word}")
        found[f"deletion-{word}"] = Waiting(approval_retention.name(row), approval_retention.told(row), draw)
    return found


def choose(found: dict[str, Waiting], key: str) -> Waiting:
    """Draw the list; the one that is chosen, by default the one that the address names."""
    words = list(found)
    asked = session.parameter(PARAMETER, words[0])
    if asked not in found:
        st.caption(f"`{asked}` does not wait here, or no longer. Choose one that does.")
    session.remember(f"{key}_item", asked if asked in found else words[0])
    word = st.radio(
        "What waits", words, key=f"{key}_item", label_visibility="collapsed", on_change=_open, args=(f"{key}_item",),
        format_func=lambda one: found[one].name, captions=[one.told for one in found.values()],
    )  # fmt: skip
    return found[word]


def _open(key: str) -> None:
    session.address({PARAMETER: session.value(key)})


def _since(item: InboxItem) -> str:
    authors = ", ".join(sorted(item.standing.authors))
    yours = " · waits for you" if item.may_approve else ""
    return f"by {authors} since {item.waits_since:%d %b, %H:%M}{yours}"


def evidence(item: InboxItem, live: StoredVersion | None, key: str) -> None:
    """Draw who made it, what differs, the checks, the simulation, and the commands open in its state."""
    standing = item.standing
    version = standing.version
    with chart.card(policies.title(version)):
        policy_release.facts(standing)
        rationale = version.policy.document.metadata.rationale
        st.markdown(f"> {rationale.strip()}" if rationale else ":gray[No rationale was written.]")
        commands(item, f"{key}_{version.content_hash[7:15]}")
        review_page.show(version.ref, f"{key}_page_{version.content_hash[7:15]}")
    if live is None:
        return
    first, second = st.columns([1.5, 1], gap="small")
    with first:
        policy_checks.differences(live.source, version.source, f"Changes from {policies.title(live)}")
    with second:
        policy_checks.card(version.source, live)
    found = simulated(version.source, live)
    if found is not None:
        policy_simulation.figures(found, f"{key}_figures", across=3)
        policy_simulation.moves(found, live, f"{key}_moves")
        policy_simulation.evidence(found)


def commands(item: InboxItem, key: str) -> None:
    """Draw what can be done in this state; who may do it is decided in core."""
    standing = item.standing
    version = standing.version
    if version.state is State.SUBMITTED:
        _review(item, key)
    elif version.state is State.APPROVED:
        policy_release.publish_form(standing, key)
    elif version.state in (State.DRAFT, State.CHANGES_REQUESTED):
        with st.container(horizontal=True):
            st.page_link(
                navigation.script("policy"), label="Edit in Policy studio", icon=":material/edit_note:",
                query_params={PARAMETER: version.ref},
            )  # fmt: skip
            if st.button("Discard", key=f"{key}_discard", icon=":material/delete:", **permitted.by(Permission.SUBMIT)):
                _done(lambda: release_commands.discard(version.ref), f"{version.ref} is discarded.")


def _review(item: InboxItem, key: str) -> None:
    version, allowed = item.standing.version, permitted.by(Permission.APPROVE)
    consent = permitted.by(Permission.APPROVE, disabled=not item.may_approve, help=None if item.may_approve else OWN)
    comment = st.text_input("Comment", key=f"{key}_comment", placeholder="What was looked at; needed for a no").strip()
    with st.container(horizontal=True):
        if st.button("Approve", type="primary", key=f"{key}_approve", icon=":material/check:", shortcut="A", **consent):
            _done(lambda: release_commands.approve(version.ref, comment), f"You approved {version.ref}.")
        if st.button("Request changes", key=f"{key}_changes", icon=":material/rate_review:", **allowed):
            _done(lambda: release_commands.request_changes(version.ref, comment), f"{version.ref} goes back.")
        if st.button("Refuse", key=f"{key}_refuse", icon=":material/block:", **allowed):
            _done(lambda: release_commands.refuse(version.ref, comment), f"{version.ref} is refused.")
        if st.button("Comment", key=f"{key}_say", icon=":material/chat:"):
            _done(lambda: release_commands.comment(version.ref, comment), "Your comment is in the record.")
        policy_release.glass_form(version, key)


def _done(command: release_commands.Command, text: str) -> None:
    with refusals():
        command()
        done(text)
        st.rerun()
