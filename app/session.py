"""What a browser session remembers: the only place that touches Streamlit's raw session state and the URL."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

IDENTITY = "session_identity"
NOTICES = "session_notices"
DRAFT = "session_draft_"


def identity() -> str | None:
    """Name of the user who acts in this session, or None before one was picked."""
    return st.session_state.get(IDENTITY)


def identify(name: str | None) -> None:
    """Act as `name` from now on."""
    st.session_state[IDENTITY] = name


def value(key: str, default: Any = None) -> Any:
    """What a widget or a page has stored under `key`."""
    return st.session_state.get(key, default)


def remember(key: str, what: Any) -> None:
    """Store `what` under `key`; also sets a bound widget's value, before the widget is drawn."""
    st.session_state[key] = what


def present(key: str, what: Any) -> None:
    """Set a bound widget's value before it is drawn, unless it has it: what is set replaces what is being typed."""
    if st.session_state.get(key) != what:
        st.session_state[key] = what


def forget(*keys: str) -> None:
    """Drop what is stored under these keys."""
    for key in keys:
        st.session_state.pop(key, None)


def parameter(name: str, default: str = "") -> str:
    """A parameter of the page's address."""
    return st.query_params.get(name, default)


def number(name: str) -> int | None:
    """A parameter of the page's address that is a whole number, None where it is none."""
    text = parameter(name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def parameters() -> dict[str, list[str]]:
    """Every parameter of the page's address with its values."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def address(parameters: Mapping[str, str | None]) -> None:
    """Write parameters that no widget is bound to into the page's address; None removes one."""
    for name, text in parameters.items():
        if text is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != text:
            st.query_params[name] = text


def notify(text: str, icon: str | None = None) -> None:
    """Keep a notice for the next draw, so that it outlives a rerun."""
    st.session_state.setdefault(NOTICES, []).append((text, icon))


def notices() -> list[tuple[str, str | None]]:
    """The notices kept so far; asking clears them."""
    return st.session_state.pop(NOTICES, [])
