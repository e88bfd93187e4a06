"""The frame around every page: the sections, and at the foot of the sidebar who acts on which data."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from app import session
from app.services import workbench
from core.kernel.times import utc

OLD_DAYS = 2
ICON = "data:image/png;base64," + b64encode((Path(__file__).parent / "static" / "favicon.png").read_bytes()).decode()
"""As data: a file would be gone for a moment whenever the script runs again, and the browser may ask for it then."""


@dataclass(frozen=True)
class Entry:
    """One page of the navigation; `path` is its address, empty for the first page."""

    title: str
    path: str
    script: str
    icon: str


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "Work": (
        Entry("Overview", "", "overview", "dashboard"),
        Entry("Leads", "leads", "leads", "group"),
        Entry("Lead 360", "lead", "lead", "person_search"),
    ),
    "Build": (
        Entry("Features", "features", "features", "data_object"),
        Entry("Train", "train", "train", "model_training"),
        Entry("Explain", "explain", "explain", "lightbulb"),
    ),
    "Govern": (
        Entry("Drift", "drift", "drift", "query_stats"),
        Entry("Policy studio", "policy", "policy", "rule_settings"),
        Entry("Approvals", "approvals", "approvals", "verified_user"),
    ),
    "Run": (
        Entry("Observability", "observability", "observability", "speed"),
        Entry("Data", "data", "data", "database"),
    ),
}


def page(entry: Entry) -> "st.Page":
    """Streamlit's page of an entry; the path form is the one that Streamlit's own tests understand."""
    return st.Page(
        f"../pages/{entry.script}.py",
        title=entry.title,
        icon=f":material/{entry.icon}:",
        url_path=entry.path or None,
        default=not entry.path,
    )


def sections() -> dict[str, list["st.Page"]]:
    """The pages by section, in the order of the sidebar."""
    return {name: [page(entry) for entry in entries] for name, entries in SECTIONS.items()}


def script(path: str) -> str:
    """The script of the page at an address, for `st.switch_page` and `st.page_link`."""
    entries = (entry for entries in SECTIONS.values() for entry in entries)
    return next(f"../pages/{entry.script}.py" for entry in entries if entry.path == path)


def foot(environment: str) -> None:
    """The foot of the sidebar: time of the data, who is signed in, which installation."""
    with st.sidebar:
        st.caption(
            f":material/schedule: {data_time(workbench().rooms.signals.last_event_at(), workbench().db.clock.now())}"
        )
        identity_picker()
        st.caption(f":material/dns: Environment **{environment}**")


def data_time(latest: datetime | None, now: datetime) -> str:
    """What the foot says about the newest event received, with its age from two days on."""
    if latest is None:
        return "No events yet"
    told = f"Data as of **{latest:%d %b, %H:%M} UTC**"
    days = (utc(now) - utc(latest)).days
    return f"{told} · {days} days ago" if days >= OLD_DAYS else told


def identity_picker() -> None:
    """Let the person at this machine say which local user acts."""
    people = {user.name: user.role.value for user in workbench().rooms.users.list() if not user.disabled}
    if not people:
        st.caption(":material/key: No users yet")
        return
    if session.identity() not in people:
        session.identify(starting(people))
    st.selectbox(
        "Signed in as",
        list(people),
        key=session.IDENTITY,
        format_func=lambda name: f"{name} · {people[name].capitalize()}",
        help="A local name is trusted as the operating system's user is. What each role may do is decided in core.",
    )


def starting(people: dict[str, str]) -> str:
    """Who acts when a session begins: the user of the settings, else the first analyst, else the first name."""
    from core.kernel.settings import Settings

    named = Settings().user  # type: ignore[call-arg]
    analysts = [name for name, role in people.items() if role == "analyst"]
    return named if named in people else (analysts or list(people))[0]
