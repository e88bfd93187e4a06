"""A choice that lives in the page's address under short words, whatever its options are called on screen."""

from collections.abc import Collection, Mapping
from typing import Any

import streamlit as st

from app import session


def is_known(parameter: str, words: Collection[str], thing: str, action: str, key: str) -> bool:
    """Whether the address names one of the words, or none; another one is refused by name, with a button that drops it.

    `thing` is what the words are, such as `model of this store`; `action` is what the button says.
    """
    asked = session.parameter(parameter)
    if not asked or asked in words:
        return True
    st.error(f"`{asked}` is no {thing}.", icon=":material/block:")
    forget = {"on_click": session.address, "args": ({parameter: None},)}
    st.button(action, key=f"{key}_known", icon=":material/arrow_forward:", **forget)
    return False


def segments(
    label: str, options: Mapping[str, str], parameter: str, key: str, *, usual: str = "", help: str | None = None
) -> str:
    """Draw the options (word → what is shown) side by side; the word chosen, by default `usual` or the first one."""
    words = list(options)
    usual = usual or words[0]
    asked = session.parameter(parameter, usual)
    session.remember(key, asked if asked in options else usual)
    chosen = st.segmented_control(
        label, words, key=key, format_func=lambda word: options[word], required=True, label_visibility="collapsed",
        help=help, on_change=_write, args=(parameter, key, usual),
    )  # fmt: skip
    return chosen or usual


def _write(parameter: str, key: str, default: str) -> None:
    chosen = session.value(key) or default
    session.address({parameter: None if chosen == default else chosen})


def select(
    label: str, options: Mapping[str, str], parameter: str, key: str, *, any_word: bool = False, **form: Any
) -> str:
    """Draw the options (word → what is shown) as a list; the word that is chosen, the first one by default.

    With `any_word` a word may be typed that is no option. The address holds the word, never what is shown.
    """
    words = list(options)
    asked = session.parameter(parameter, words[0])
    if any_word and asked not in options:
        words.append(asked)
    session.remember(key, asked if asked in words else words[0])
    chosen = st.selectbox(
        label, words, key=key, format_func=lambda word: options.get(word, word), accept_new_options=any_word,
        on_change=_write, args=(parameter, key, words[0]), **form,
    )  # fmt: skip
    return chosen or words[0]
