"""Small coloured words: bands, release states, what kind of evidence a figure is."""

import streamlit as st

STATES = {
    "draft": ("gray", "edit"),
    "submitted": ("blue", "hourglass_top"),
    "changes_requested": ("orange", "rate_review"),
    "refused": ("red", "block"),
    "approved": ("green", "check"),
    "published": ("green", "rocket_launch"),
    "superseded": ("gray", "history"),
    "rolled_back": ("orange", "undo"),
    "expired": ("gray", "event_busy"),
    "discarded": ("gray", "delete"),
}
EVIDENCE = {"proved": ("green", "verified"), "simulated": ("blue", "science"), "measured": ("violet", "straighten")}
BAND_COLOURS = ("green", "blue", "orange", "gray")


def state(name: str) -> str:
    """Markdown of a release state's badge."""
    colour, icon = STATES.get(name, ("gray", "help"))
    return f":{colour}-badge[:material/{icon}: {name.replace('_', ' ').capitalize()}]"


def evidence(name: str) -> str:
    """Markdown of the badge for proved, simulated or measured."""
    colour, icon = EVIDENCE[name]
    return f":{colour}-badge[:material/{icon}: {name.capitalize()}]"


def knowledge(name: str) -> str:
    """Markdown of the badge of a reviewer's block; what is only on record is grey."""
    return evidence(name) if name in EVIDENCE else f":gray-badge[:material/history_edu: {name.capitalize()}]"


def band(name: str | None, label: str | None, position: int) -> str:
    """Markdown of a band's badge; position 0 is the best band."""
    if not name:
        return ":gray-badge[No band]"
    colour = BAND_COLOURS[min(position, len(BAND_COLOURS) - 1)]
    return f":{colour}-badge[Band {label or name}]"


def by_hand() -> str:
    """Markdown of the badge for what a person said over a decision."""
    return ":violet-badge[:material/back_hand: By hand]"


def trial(arm: str) -> str:
    """Markdown of the badge for a decision that no second person has approved; empty for a live one."""
    return "" if arm == "live" else f":orange-badge[:material/experiment: {arm.capitalize()}]"


def show(*markdown: str) -> None:
    """Draw badges in one row."""
    st.markdown(" ".join(text for text in markdown if text))
